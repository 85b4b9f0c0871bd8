"""One consultant's lead from the first visit to the second call, through the real actions and tables."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from leads.actions import contacts, registering
from leads.actions.contacts import ContactSheet
from leads.models import CallTask
from tests import factories

SH = ZoneInfo("Asia/Shanghai")


def at(day: int, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime(2026, 3, day, hour, minute, tzinfo=SH)


@pytest.mark.django_db
def test_a_visitor_is_called_the_same_day_and_within_three_days() -> None:
    project = factories.make_project()
    lin = factories.make_user("consultant", project)
    party = registering.Party(
        project=project, phone="13800138000", name="王芳", salutation="ms", consultant=lin
    )
    done = registering.register_visit(
        party=party, happened_at=at(2, 11), by=lin, at=at(2, 11, 5), sheet=registering.VisitSheet(grade="A")
    )
    lead = done.lead
    task = CallTask.objects.get(lead=lead, state="open", kind="cadence")
    assert (task.clause, task.due_at, task.assignee) == ("SC-2.1", at(2, 20, 30), lin)
    logged = contacts.log_contact(
        lead_id=lead.pk,
        sheet=ContactSheet("talked"),
        happened_at=at(2, 16),
        by=lin,
        at=at(2, 16),
        task_id=task.pk,
    )
    assert (logged.lead.clause, logged.lead.due_at) == ("SC-2.2", at(5, 20, 30))
    assert CallTask.objects.get(pk=task.pk).state == "done"


@pytest.mark.django_db
def test_px_14_a_burst_is_what_the_policy_says_it_is() -> None:
    project = factories.make_project()
    project.policy_versions.create(
        number=2,
        values={"burst_contacts": 1},
        state="approved",
        prepared_at=at(1, 9),
        approved_at=at(1, 9),
        effective_from=at(1, 9),
    )
    lin = factories.make_user("consultant", project)
    party = registering.Party(
        project=project, phone="13800138000", name="王", salutation="ms", consultant=lin
    )
    lead = registering.register_visit(party=party, happened_at=at(2, 11), by=lin, at=at(2, 11)).lead
    doubts = [
        contacts.log_contact(
            lead_id=lead.pk,
            sheet=ContactSheet("no_answer"),
            happened_at=moment,
            by=lin,
            at=moment,
            tapped_at=moment,
        ).contact.doubtful
        for moment in (at(2, 16), at(2, 16, 1), at(2, 16, 30))
    ]
    assert doubts == ["", "burst", ""]
