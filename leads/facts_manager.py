"""What a manager reads: bins, overdue, the team's day, the funnel, compliance clause by clause (PX-10, PX-14)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import TruncWeek

from crm.access import colleagues
from crm.clauses import CLAUSES
from crm.models import AuditEvent, Contact, PolicyVersion, Project, User
from crm.roles import Role
from leads.models import CallTask, Deal, DealStep, DowngradeReview, InboundCall, Lead, Visit
from leads.models.querysets import LeadQuerySet
from leads.states import Bin

LATE_FROM = (15, 7, 3, 1, 0)  # days overdue, the largest first
CAUSES = ("neglect", "absence", "cap", "capacity", "pool")
SMALL = 20
REVEAL_DAYS = 7


@dataclass(frozen=True, slots=True)
class Bins:
    """Leads by bin in the order of PX-10, with the total they must add up to."""

    counts: dict[str, int]
    total: int

    @property
    def add_up(self) -> bool:
        return sum(self.counts.values()) == self.total and set(self.counts) <= {code.value for code in Bin}


def bins(scope: LeadQuerySet, now: dt.datetime) -> Bins:
    """Two queries that must agree."""
    found = scope.bins(now)
    known = {code.value: found.pop(code.value, 0) for code in Bin}
    return Bins(known | found, scope.count())


@dataclass(frozen=True, slots=True)
class Overdue:
    """Overdue calls: by days (at least so many) and grade, and by why."""

    by_age: dict[int, dict[str, int]]
    by_cause: dict[str, int]
    total: int


def overdue(project: Project, now: dt.datetime) -> Overdue:
    """Open duties past their moment. Neglect is what neither an absence, the cap, a full day nor the pool explains."""
    today = dt.datetime.combine(now.astimezone(project.zone).date(), dt.time.min, project.zone)
    days = [When(due_at__lt=today - dt.timedelta(days=day - 1), then=Value(day)) for day in LATE_FROM if day]
    cause = Case(
        When(lead__consultant=None, then=Value("pool")),
        When(held_reason="cap", then=Value("cap")),
        When(moved_reason="absence", then=Value("absence")),
        When(moved_reason="capacity", then=Value("capacity")),
        default=Value("neglect"),
        output_field=CharField(),
    )
    rows = (
        CallTask.objects.open()
        .filter(
            lead__project=project, lead__merged_into=None, due_at__lt=now, kind__in=["cadence", "promise"]
        )
        # Said twice: the lead's own due moment is that of its first duty, and its index knows the project.
        .filter(lead__state=Lead.State.LIVE, lead__due_at__lt=now)
        .annotate(age=Case(*days, default=Value(0)), cause=cause)
        .values_list("age", "cause", "lead__grade")
        .annotate(n=Count("pk"))
    )
    by_age: dict[int, dict[str, int]] = {day: dict.fromkeys(("A", "B", "C", "D", ""), 0) for day in LATE_FROM}
    by_cause = dict.fromkeys(CAUSES, 0)
    for age, why, grade, count in rows:
        by_age[age][grade] += count
        by_cause[why] += count
    return Overdue(by_age, by_cause, sum(by_cause.values()))


def same_day_open(project: Project, now: dt.datetime) -> QuerySet[CallTask]:
    """Same-day duties that are not reached yet and not late, the first due first."""
    rows = CallTask.objects.same_day_open(project).filter(due_at__gte=now)
    return rows.select_related("lead__customer", "assignee").order_by("due_at", "pk")


@dataclass(slots=True)
class Day:
    """One consultant's day in leads, as their own list counts: done, left, and left overdue."""

    person: User
    done: int = 0
    left: int = 0
    overdue: int = 0


def team_today(project: Project, now: dt.datetime) -> list[Day]:
    """Each consultant's day so far. Three queries."""
    today = now.astimezone(project.zone).date()
    begins = dt.datetime.combine(today, dt.time.min, project.zone)
    team = {person.pk: Day(person) for person in colleagues(project.pk, Role.CONSULTANT)}
    theirs = CallTask.objects.filter(assignee__in=team, lead__project=project, lead__merged_into=None)
    done = theirs.filter(state="done", closed_at__gte=begins)
    for consultant, number in done.values_list("assignee_id").annotate(n=Count("lead", distinct=True)):
        team[consultant].done = number
    listed = theirs.filter(state="open", list_day__lte=today).exclude(held_until__gt=now)
    lines, late = Count("lead", distinct=True), Count("lead", filter=Q(due_at__lt=now), distinct=True)
    for consultant, left, behind in listed.values_list("assignee_id").annotate(n=lines, late=late):
        team[consultant].left, team[consultant].overdue = left, behind
    return list(team.values())


def waiting(project: Project, now: dt.datetime) -> dict[str, int]:
    """What waits for a manager's decision, by kind."""
    live = Lead.objects.current().filter(project=project, state=Lead.State.LIVE)
    drawn = DowngradeReview.objects.filter(event__lead__project=project, verdict="")
    return {
        "downgrades": drawn.count(),
        "doubtful": doubtful(project).count(),
        "grades": live.filter(tasks__state="open", tasks__kind="grade", tasks__due_at__lt=now)
        .distinct()
        .count(),
        "rejudge": live.filter(rejudge_at__lte=now).count(),
        "repair": live.filter(review_clause="PX-1").count(),
        "deals": DealStep.objects.filter(
            deal__lead__project=project, approved_at=None, declined_at=None
        ).count(),
        "policies": PolicyVersion.objects.filter(project=project, state__in=["draft", "reviewed"]).count(),
    }


def doubtful(project: Project) -> QuerySet[Contact]:
    """Contacts that stay out of compliance until a manager accepts them (PX-14)."""
    return Contact.objects.filter(project=project, accepted_by=None, voided_at=None).exclude(doubtful="")


def reveals(project: Project, now: dt.datetime) -> list[dict[str, Any]]:
    """PX-12: who had how many numbers of others shown in the last days."""
    since = now - dt.timedelta(days=REVEAL_DAYS)
    rows = AuditEvent.objects.filter(project=project, verb="phone.revealed", at__gte=since)
    counted = rows.values("by__name").annotate(n=Count("pk")).order_by("-n", "by__name")
    return [dict(row) for row in counted]


@dataclass(slots=True)
class FunnelRow:
    """Counts of one group in a period. A party counts once for each call or visit, whatever its heads."""

    label: Any
    calls: int = 0
    visits: int = 0
    repeats: int = 0
    subscribed: int = 0
    signed: int = 0


def funnel(
    scope: LeadQuerySet, *, since: dt.datetime, until: dt.datetime, by: str, zone: ZoneInfo
) -> list[FunnelRow]:
    """Calls, first visits, repeat visits, subscriptions and contracts of a period, by "week", "source" or "consultant".

    Period figures: each counts by its own day, so no column is a share of another. Three queries.
    """
    leads = scope.order_by().values("pk")
    period = {"at__gte": since, "at__lt": until}
    steps = DealStep.objects.filter(deal__lead__in=leads, approved_at__isnull=False, **period)
    rows: dict[Any, FunnelRow] = defaultdict(lambda: FunnelRow(None))

    def group(source: QuerySet[Any], prefix: str, **counts: Any) -> None:
        key: Any = {
            "source": F(f"{prefix}__heard_via__name"),
            "consultant": F(f"{prefix}__consultant__name"),
        }.get(by, TruncWeek("at", tzinfo=zone))
        for row in source.order_by().annotate(label=key).values("label").annotate(**counts):
            for name in counts:
                setattr(rows[row["label"]], name, row[name])

    group(InboundCall.objects.filter(lead__in=leads, voided_at=None, **period), "lead", calls=Count("pk"))
    first = Q(is_first=True)
    group(
        Visit.objects.filter(lead__in=leads, voided_at=None, **period),
        "lead",
        visits=Count("pk", filter=first),
        repeats=Count("pk", filter=~first),
    )
    group(
        steps,
        "deal__lead",
        subscribed=Count("pk", filter=Q(step=Deal.Step.SUBSCRIBED)),
        signed=Count("pk", filter=Q(step=Deal.Step.SIGNED)),
    )
    for label, row in rows.items():
        row.label = label
    return sorted(
        rows.values(), key=lambda row: (row.label is None, row.label if by == "week" else str(row.label))
    )


@dataclass(slots=True)
class ClauseRow:
    """One clause of the procedure: how its duties of a period ended.

    `doubtful` were done by contacts not accepted yet (PX-14) and count nowhere else; `resting` are live leads that this
    clause keeps from being called.
    """

    clause: str
    in_time: int = 0
    late: int = 0
    missed: int = 0
    open_overdue: int = 0
    doubtful: int = 0
    excused: int = 0
    tried_in_time: int = 0
    resting: int = 0

    @property
    def due(self) -> int:
        """Duties that count: excused and doubtful ones do not."""
        return self.in_time + self.late + self.missed + self.open_overdue

    @property
    def share(self) -> int | None:
        """Percent done in time; None below 20, where only counts are honest."""
        return round(100 * self.in_time / self.due) if self.due >= SMALL else None


def compliance(
    scope: LeadQuerySet,
    *,
    since: dt.datetime,
    until: dt.datetime,
    now: dt.datetime,
    credit: User | None = None,
) -> list[ClauseRow]:
    """Every clause of sales with its figures, for duties due in the period; `credit` narrows to one consultant's."""
    tasks = CallTask.objects.filter(
        lead__in=scope.order_by().values("pk"), due_at__gte=since, due_at__lt=until
    )
    if credit is not None:
        tasks = tasks.filter(credit=credit)
    unsure = Contact.objects.filter(pk=OuterRef("closed_by_event__contact"), accepted_by=None).exclude(
        doubtful=""
    )
    plain = Q(unsure=False, excused="")
    done, by_due = Q(state="done") & plain, Q(closed_at__lte=F("due_at"))
    tried = Q(first_try_at__lte=F("due_at")) | (Q(state="done") & by_due)
    counted = Q(state__in=["done", "missed"]) | Q(state="open", due_at__lt=now)
    found = (
        tasks.annotate(unsure=Exists(unsure))
        .values("clause")
        .annotate(
            in_time=Count("pk", filter=done & by_due),
            late=Count("pk", filter=done & ~by_due),
            missed=Count("pk", filter=Q(state="missed") & plain),
            open_overdue=Count("pk", filter=Q(state="open", due_at__lt=now) & plain),
            doubtful=Count("pk", filter=Q(state="done", unsure=True)),
            n_excused=Count("pk", filter=counted & ~Q(excused="")),
            tried_in_time=Count("pk", filter=counted & plain & tried),
        )
    )
    rows: list[dict[str, Any]] = [dict(row) for row in found.order_by()]
    figures = {row.pop("clause"): row | {"excused": row["n_excused"]} for row in rows}
    for figure in figures.values():
        del figure["n_excused"]
    quiet = scope.filter(state=Lead.State.LIVE).exclude(quiet_clause="").order_by()
    resting = {row["quiet_clause"]: row["n"] for row in quiet.values("quiet_clause").annotate(n=Count("pk"))}
    order = [code for code in CLAUSES if code.startswith(("SC-1.", "SC-2.", "SC-3.", "SC-4."))]
    order += [code for code in CLAUSES if code not in order and (code in figures or code in resting)]
    return [ClauseRow(code, resting=resting.get(code, 0), **figures.get(code, {})) for code in order]
