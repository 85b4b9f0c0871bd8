"""What each consultant has to look after."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet

from crm.access import colleagues
from crm.models import Project, User
from crm.roles import Role
from leads.models import Lead


def loads(project: Project) -> QuerySet[User]:
    """The consultants of a project with how many live leads they have, by grade."""
    live = Q(leads__project=project, leads__state=Lead.State.LIVE, leads__merged_into=None)
    members = colleagues(project.pk, Role.CONSULTANT).values("pk")
    return (
        User.objects.filter(pk__in=members)
        .annotate(
            live=Count("leads", filter=live, distinct=True),
            ab=Count("leads", filter=live & Q(leads__grade__in=["A", "B"]), distinct=True),
        )
        .order_by("name", "pk")
    )
