"""The stage of the screen tests: one project, its people, and leads made by the real actions."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from crm.models import Project, User
from crm.roles import Role
from leads.actions.registering import Party, Registered, VisitSheet, register_call, register_visit
from leads.models import HeardVia
from tests import factories


@dataclass
class Stage:
    """Lin and Mei (consultants), Wu (manager), Fang (front desk), Jin (contracts clerk), all of one project."""

    project: Project
    lin: User
    mei: User
    wu: User
    fang: User
    jin: User
    heard: HeardVia

    def party(self, name: str, phone: str, consultant: User | None) -> Party:
        return Party(self.project, phone, name, "mr", self.heard, consultant)

    def visitor(
        self, name: str, phone: str, *, at: dt.datetime, grade: str = "B", consultant: User | None = None
    ) -> Registered:
        """A party that visited at `at`: SC-2.1 the same day."""
        owner = consultant or self.lin
        sheet = VisitSheet(
            grade=grade, objections=("price",), interests=("school",), wanted_type="three_rooms"
        )
        party = self.party(name, phone, owner)
        return register_visit(party=party, happened_at=at, by=owner, at=at, sheet=sheet, received_by=owner)

    def caller(self, name: str, phone: str, *, at: dt.datetime, consultant: User | None = None) -> Registered:
        """A party that rang at `at` and was not put through: SC-1.1 the same day."""
        owner = consultant or self.lin
        return register_call(
            party=self.party(name, phone, owner), happened_at=at, talked=False, by=owner, at=at
        )


def set_stage(name: str = "云栖里") -> Stage:
    project = factories.make_project(name)
    heard = HeardVia.objects.create(project=project, name="路过")
    HeardVia.objects.create(project=project, name="朋友介绍")
    return Stage(
        project,
        factories.make_user(Role.CONSULTANT, project, "林晓"),
        factories.make_user(Role.CONSULTANT, project, "梅清"),
        factories.make_user(Role.SALES_MANAGER, project, "吴峰"),
        factories.make_user(Role.FRONT_DESK, project, "方前"),
        factories.make_user(Role.CONTRACTS_CLERK, project, "金合"),
        heard,
    )
