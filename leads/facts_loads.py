"""What each consultant has to look after."""

from __future__ import annotations

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from crm.access import colleagues
from crm.models import Project, User
from crm.roles import Role
from leads.models import Lead


def loads(project: Project) -> QuerySet[User]:
    """The consultants of a project with how many live leads they have, by grade. Counted for each of them by the index
    of their leads: a join would read every lead of every project.
    """
    theirs = (
        Lead.objects.current()
        .filter(consultant=OuterRef("pk"), project=project, state=Lead.State.LIVE)
        .order_by()
        .values("consultant")
        .annotate(n=Count("*"))
        .values("n")
    )
    members = colleagues(project.pk, Role.CONSULTANT).values("pk")
    return (
        User.objects.filter(pk__in=members)
        .annotate(
            live=Coalesce(Subquery(theirs), 0),
            ab=Coalesce(Subquery(theirs.filter(grade__in=["A", "B"])), 0),
        )
        .order_by("name", "pk")
    )
