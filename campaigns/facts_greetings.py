"""Who is greeted by whom on a festival (SC-5.1): every reachable customer once, over all projects."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    Count,
    DateTimeField,
    F,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from campaigns.facts_festivals import coming
from campaigns.models import FestivalDay, Greeting
from crm.access import colleagues
from crm.facts_messages import Progress, progress
from crm.models import Customer, Exclusion, Project, SendRun
from crm.roles import Role
from leads import facts
from leads.models import CallTask, Lead
from leads.models.querysets import LeadQuerySet


def greeted_leads(project: Project) -> LeadQuerySet:
    """The leads through which this project greets: live and closed ones (SC-4.4), one a party over all projects.

    Lost and invalid leads are greeted no more: they said no, or there is nobody.
    """
    open_to = Lead.objects.current().filter(state__in=["live", "closed"], project__active=True)
    return open_to.one_a_party().filter(project=project)


def called_first(project: Project) -> LeadQuerySet:
    """The key customers among them who may be called."""
    return greeted_leads(project).key_customers().may_be_called()


def audience(project: Project, evening: dt.datetime) -> QuerySet[Customer, Any]:
    """The audience of the run: everybody by SMS, key customers in the evening and only if nobody reached them."""
    called = Q(leads__in=called_first(project).values("pk"))
    return (
        Customer.objects.filter(leads__in=greeted_leads(project).values("pk"))
        .annotate(
            consultant=Coalesce(F("leads__consultant__name"), Value(spokesperson(project))),
            unless_talked=Case(When(called, then=True), default=False, output_field=BooleanField()),
            not_before=Case(When(called, then=Value(evening)), output_field=DateTimeField()),
        )
        .values("pk", "consultant", "unless_talked", "not_before")
    )


def spokesperson(project: Project) -> str:
    """Who signs where a lead has no consultant (SC-10): the project's sales manager."""
    manager = colleagues(project.pk, Role.SALES_MANAGER).first()
    return str(manager) if manager else ""


def waiting(*, at: dt.datetime) -> list[tuple[int, int, bool]]:
    """What the next tick has to do: (festival, project, whether it is the day itself), each at most once a day.

    Planned ahead by the project's policy, planned once more on the day; what is launched or stopped waits for nothing.
    """
    found = []
    for project in Project.objects.filter(active=True).order_by("pk"):
        frame = facts.frame(project.pk, at)
        today = frame.today(at)
        begins = frame.clock.midnight(today)
        for festival in coming(today=today, days=frame.policy.greeting_lead_days):
            greeting = (
                Greeting.objects.filter(festival=festival, project=project).select_related("run").first()
            )
            if greeting is not None and (greeting.stopped_at is not None or not is_draft(greeting)):
                continue
            on_the_day = festival.day == today
            planned_today = (
                greeting is not None and greeting.planned_at is not None and greeting.planned_at >= begins
            )
            if on_the_day or not planned_today:
                found.append((festival.pk, project.pk, on_the_day))
    return found


def is_draft(greeting: Greeting) -> bool:
    """Whether nothing of it was launched yet."""
    return greeting.run is None or greeting.run.state == SendRun.State.DRAFT


def unreviewed(*, at: dt.datetime, days: int) -> list[FestivalDay]:
    """Festivals within so many days that would be greeted and that nobody has reviewed."""
    today = at.date()
    rows = FestivalDay.objects.filter(
        on=True, reviewed_at=None, day__gte=today, day__lte=today + dt.timedelta(days)
    )
    return list(rows)


def overview(project: Project, most: int = 40) -> list[tuple[Greeting, Progress]]:
    """The greetings of a project, the newest day first, each with how far its messages are. Two queries."""
    rows = list(
        Greeting.objects.filter(project=project)
        .select_related("festival", "run", "stopped_by")
        .order_by("-festival__day")[:most]
    )
    done = progress([row.run_id for row in rows if row.run_id is not None])
    return [(row, done.get(row.run_id or 0, Progress())) for row in rows]


def detail(greeting: Greeting) -> dict[str, object]:
    """What one page shows: progress, who is left out and why, the calls by state."""
    run_id = greeting.run_id or 0
    left = Exclusion.objects.filter(run=run_id).order_by().values_list("reason").annotate(n=Count("pk"))
    calls = (
        CallTask.objects.filter(occasion=greeting.festival.occasion, lead__project=greeting.project)
        .order_by()
        .values_list("state")
        .annotate(n=Count("pk"))
    )
    return {
        "progress": progress([run_id]).get(run_id, Progress()),
        "left": dict(left),
        "calls": dict(calls),
    }
