"""A consultant's day as plain data: the lines of Today, what waits, what gave way, how much is done (SC-8, PX-13)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, Q, Subquery

from crm.access import holdings
from crm.models import Contact, CustomerPhone, Project, User
from crm.models import PolicyVersion as PolicyRow
from crm.phones import mask
from crm.roles import Role
from crm.workdays import next_opening, window_now_open, windows_of
from leads import policy as policies
from leads.models import CallTask, Lead, LeadEvent
from leads.rules_order import TodayLine, order_of
from leads.rules_settle import is_urgent
from leads.rules_types import EventKind, ProjectClock

NEAR = dt.timedelta(minutes=15)
UNDO = dt.timedelta(minutes=30)
ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TodayProject:
    """One project's frame of the day: its zone and local day, when it closes, whether a window is open now (SC-8)."""

    project: Project
    zone: ZoneInfo
    today: dt.date
    begins: dt.datetime
    closes: dt.datetime
    capacity: int
    window_open: bool
    next_window: dt.datetime | None

    @property
    def opens_another_day(self) -> bool:
        """Whether the windows of today are over."""
        return self.next_window is not None and self.next_window.astimezone(self.zone).date() > self.today


@dataclass(frozen=True, slots=True)
class Line:
    """One lead on the list: everything owed to it is one line and one call (SC-2.6).

    `group` is now, later (this day), again (another day), held or gave_way. `state` is a code of crm.labels.DUE.
    `number` is the main good number in E.164, "" when there is none; `masked` is what may be seen (PX-12).
    """

    lead: Lead
    task: CallTask
    duties: tuple[tuple[str, str], ...]
    frame: TodayProject
    group: str
    state: str
    overdue_days: int
    at: dt.datetime | None
    window_open: bool
    own_windows: str
    number: str
    masked: str
    stands_in_for: str
    order: tuple[object, ...] = field(repr=False, default=())

    @property
    def is_call(self) -> bool:
        """Whether it is done on the phone; a grade or a data repair is done on the screen, a message is sent."""
        return self.task.kind not in ("grade", "repair") and self.task.channel == "phone"


@dataclass(frozen=True, slots=True)
class Day:
    """A consultant's day. `left` counts the lines of now and later; `done` the leads finished since midnight."""

    frames: tuple[TodayProject, ...]
    now: tuple[Line, ...]
    later: tuple[Line, ...]
    again: tuple[Line, ...]
    held: tuple[Line, ...]
    gave_way: tuple[Line, ...]
    done: int
    capacity: int

    @property
    def left(self) -> int:
        return len(self.now) + len(self.later)

    @property
    def total(self) -> int:
        return self.done + self.left


def day_of(user: User, projects: Sequence[Project], at: dt.datetime) -> Day:
    """The day of `user` in these projects at the moment `at`. Three queries, one more for who stands in for others
    and one for the user's roles where they are not known yet, whatever the number of lines.
    """
    frames = _frames(user, projects, at)
    tasks: dict[int, list[CallTask]] = defaultdict(list)
    rows = sorted(_tasks(user, frames), key=lambda task: task.pk)
    for task in rows:
        tasks[task.lead_id].append(task)
    owners = _owners_stood_in_for(user, rows)
    groups: dict[str, list[Line]] = defaultdict(list)
    for duties in tasks.values():
        line = _line(owners, duties, frames[duties[0].lead.project_id], at)
        groups[line.group].append(line)
    for lines in groups.values():
        lines.sort(key=lambda line: line.order)
    return Day(
        frames=tuple(frames.values()),
        now=tuple(groups["now"]),
        later=tuple(groups["later"]),
        again=tuple(groups["again"]),
        held=tuple(groups["held"]),
        gave_way=tuple(groups["gave_way"]),
        done=_done(user, frames),
        capacity=sum(frame.capacity for frame in frames.values()),
    )


def _frames(user: User, projects: Sequence[Project], at: dt.datetime) -> dict[int, TodayProject]:
    rows = PolicyRow.objects.filter(
        project__in=projects, kind="cadence", state=PolicyRow.State.APPROVED, effective_from__lte=at
    ).order_by("effective_from", "number")
    in_force = {pk: policies.parse(values) for pk, values in rows.values_list("project_id", "values")}
    consultants = [each for each in holdings(user) if each.role == Role.CONSULTANT.value]
    own = {each.project_id: each.capacity for each in consultants if each.capacity}
    found = {}
    for project in projects:
        policy = in_force.get(project.pk, policies.Policy())
        clock = ProjectClock.of(project.time_zone, policy.closing_time)
        today, windows = clock.local_day(at), windows_of(project.windows)
        found[project.pk] = TodayProject(
            project=project,
            zone=clock.zone,
            today=today,
            begins=clock.midnight(today),
            closes=clock.closing(today),
            capacity=own.get(project.pk) or policy.capacity_day,
            window_open=window_now_open(windows, at, clock.zone) is not None,
            next_window=next_opening(windows, at, clock.zone),
        )
    return found


NEEDED = (
    *("kind", "clause", "channel", "opens_at", "due_at", "credit", "list_day", "moved_reason", "held_until"),
    *("held_reason", "gave_way_on", "tries", "next_try_at"),
    *("lead__project", "lead__grade", "lead__is_key", "lead__wanted"),
    *("lead__customer__name", "lead__customer__salutation", "lead__customer__windows"),
)
"""The columns a line shows or is sorted by, of the sixty that tasks, leads and customers have."""


def _tasks(user: User, frames: Mapping[int, TodayProject]) -> list[CallTask]:
    """What stands on the user's list today, and what would but was moved away from it; `good_number` with each.

    The database looks up the user's open tasks by day and the few found are told by project here: asked for the project
    too, it reads all leads of it.
    """
    wanted = Q(pk__in=[])
    for today, closes in {(frame.today, frame.closes) for frame in frames.values()}:
        wanted |= Q(list_day__lte=today) | Q(due_at__lte=closes) | Q(gave_way_on=today)
    numbers = CustomerPhone.objects.filter(customer=OuterRef("lead__customer"), live=True, bad_since=None)
    rows = (
        CallTask.objects.open()
        .filter(wanted, assignee=user, lead__merged_into=None)
        .select_related("lead__customer")
        .only(*NEEDED)
        .annotate(good_number=Subquery(numbers.order_by("-is_main", "id").values("e164")[:1]))
    )
    return [task for task in rows if _is_of_today(task, frames.get(task.lead.project_id))]


def _is_of_today(task: CallTask, frame: TodayProject | None) -> bool:
    """The same condition by the day of the task's own project."""
    return frame is not None and (
        task.list_day <= frame.today or task.due_at <= frame.closes or task.gave_way_on == frame.today
    )


def _owners_stood_in_for(user: User, tasks: Iterable[CallTask]) -> dict[int, str]:
    """The names of those whose calls stand on this list because they are away (PX-7)."""
    others = {task.credit_id for task in tasks if task.credit_id is not None and task.credit_id != user.pk}
    return {owner.pk: str(owner) for owner in User.objects.filter(pk__in=others)} if others else {}


def _done(user: User, frames: Mapping[int, TodayProject]) -> int:
    """Leads finished since the midnight of their project."""
    if not frames:
        return 0
    since = min(frame.begins for frame in frames.values())
    rows = CallTask.objects.filter(assignee=user, state=CallTask.State.DONE, closed_at__gte=since)
    finished = rows.values_list("lead_id", "lead__project_id", "closed_at")
    return len(
        {lead for lead, project, at in finished if project in frames and at and at >= frames[project].begins}
    )


def most_binding(tasks: Sequence[CallTask]) -> CallTask:
    """The task that speaks for a lead's line: a repair first (no number to dial), then a promise, a same-day duty,
    the other calls, and last what is done without one.
    """
    ranks = {"repair": 0, "promise": 1, "grade": 4}
    return min(
        tasks,
        key=lambda task: (
            ranks.get(task.kind, 2 if is_urgent(task.kind, task.clause) else 3),
            task.due_at,
            task.pk,
        ),
    )


def _line(owners: dict[int, str], tasks: Sequence[CallTask], frame: TodayProject, at: dt.datetime) -> Line:
    listed = [task for task in tasks if _group(task, frame, at) in ("now", "later")]
    task = most_binding(listed or tasks)
    lead, customer = task.lead, task.lead.customer
    windows = windows_of(customer.windows) if customer.windows else ()
    is_open = window_now_open(windows, at, frame.zone) is not None if windows else frame.window_open
    state, moment = _state(task, is_open, at)
    number: str = getattr(task, "good_number", None) or ""
    order = order_of(
        TodayLine(
            lead.pk, task.kind, task.clause, task.due_at, is_open, lead.grade, lead.is_key, task.next_try_at
        ),
        at,
    )
    return Line(
        lead=lead,
        task=task,
        duties=tuple((each.kind, each.clause) for each in (listed or tasks)),
        frame=frame,
        group=_group(task, frame, at),
        state=state,
        overdue_days=(frame.today - task.due_at.astimezone(frame.zone).date()).days
        if task.due_at < at
        else 0,
        at=moment,
        window_open=is_open,
        own_windows=", ".join(f"{start:%H:%M}-{end:%H:%M}" for start, end in windows),
        number=number,
        masked=mask(number) if number else "",
        stands_in_for=owners.get(task.credit_id, "") if task.credit_id else "",
        order=order,
    )


def _group(task: CallTask, frame: TodayProject, at: dt.datetime) -> str:
    if task.gave_way_on == frame.today and task.list_day > frame.today:
        return "gave_way"
    if task.list_day > frame.today or (task.held_until is not None and task.held_until > at):
        return "held"
    if task.next_try_at is not None and task.next_try_at > at:
        tries_today = task.next_try_at.astimezone(frame.zone).date() <= frame.today
        return "later" if tries_today else "again"
    return "later" if task.opens_at > at else "now"


def _state(task: CallTask, window_open: bool, at: dt.datetime) -> tuple[str, dt.datetime | None]:
    """The due mark of a line, and the moment to show with it."""
    if task.due_at < at:
        return "overdue", task.due_at if task.kind == "promise" else None
    if task.kind == "promise":
        return ("now" if task.due_at - at <= NEAR else "today"), task.due_at
    if task.opens_at > at:
        return "later", task.opens_at
    if is_urgent(task.kind, task.clause) or task.kind == "grade":
        return "today", task.due_at
    return ("open" if window_open else "today"), None


def last_logged(user: User, at: dt.datetime) -> LeadEvent | None:
    """The user's own newest entry of the last half hour that was not taken back; `again` with it says when the lead's
    open call comes back after nobody was reached (PX-2). One query.
    """
    tries = CallTask.objects.filter(
        lead=OuterRef("lead"), state=CallTask.State.OPEN, next_try_at__isnull=False
    ).order_by("next_try_at")
    return (
        LeadEvent.objects.filter(
            contact__by=user,
            contact__recorded_at__gt=at - UNDO,
            contact__recorded_at__lte=at,
            contact__voided_at=None,
            contact__imported=False,
            kind=EventKind.CONTACT,
            by=user,
        )
        .select_related("lead__customer", "lead__project")
        .only(*OF_THE_LAST)
        .annotate(again=Subquery(tries.values("next_try_at")[:1]))
        .order_by("-recorded_at", "-id")
        .first()
    )


OF_THE_LAST = (
    *("value", "recorded_at", "lead__project__time_zone", "lead__state", "lead__review_due_at"),
    *("lead__review_clause", "lead__due_at", "lead__quiet_clause", "lead__clause"),
    *("lead__customer__name", "lead__customer__salutation"),
)


def last_contacts(lead: Lead, number: int) -> list[Contact]:
    """The newest contacts of the party in this project, whoever of it was spoken with."""
    rows = Contact.objects.filter(
        customer__household_id=lead.household_id, project_id=lead.project_id, voided_at=None
    )
    return list(rows.select_related("by", "customer", "occasion").order_by("-at", "-id")[:number])
