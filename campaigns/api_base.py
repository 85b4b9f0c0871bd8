"""What the resources of campaigns share: a row of one of one's own projects, and who may do what with it."""

from __future__ import annotations

from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from rest_framework.request import Request

from campaigns import gates
from campaigns.forms_milestones import ReasonForm
from crm.access import get_visible
from crm.api_forms import input_of
from crm.api_frame import ApiView
from crm.gates import project_in_reach
from crm.models import Project
from crm.project_context import projects_of

M = TypeVar("M", bound=Model)
ReasonIn = input_of("ReasonIn", ReasonForm)


class CampaignView(ApiView):
    group = "campaigns"

    def campaign_project(self, request: Request, pk: int) -> Project:
        """A project of somebody who makes or approves its campaigns: 404 elsewhere, 403 for everybody else."""
        return gates.campaign_project(request, project_in_reach(request, pk))

    def maker_project(self, request: Request, pk: int) -> Project:
        return gates.maker_project(request, project_in_reach(request, pk))

    def row(self, request: Request, rows: QuerySet[M], pk: int, project: str = "project") -> M:
        """A row of one of one's own projects, or 404."""
        return get_visible(rows.filter(**{f"{project}__in": projects_of(request)}), pk=pk)

    def require_maker(self, project: Project) -> None:
        if not gates.may_make(self.by, project):
            raise PermissionDenied

    def require_approver(self, project: Project) -> None:
        if not gates.may_approve(self.by, project):
            raise PermissionDenied


def by_key(counts: dict[str, Any]) -> dict[str, int]:
    """Counts with plain keys."""
    return {str(key): int(value) for key, value in counts.items()}
