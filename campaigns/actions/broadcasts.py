"""Broadcasts: written, rehearsed by the worker, approved by another person, started when their hour comes.

1. `ask_rehearsal` wants a plan; the worker's `rehearse` opens a draft run and has the outbox plan it: the audience is
   frozen there, each number once, everybody with a moment or with a reason.
2. Whoever changes the text lets go of that run; a run that nobody points to any more is thrown away by `drop_strays`.
3. `start_due` lets an approved one go at its hour. Race: two beats start it twice; the row is locked and its state
   checked, and the outbox launches a draft once.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns import facts_audiences, facts_broadcasts
from campaigns.actions import approvals
from campaigns.facts_festivals import next_festival
from campaigns.facts_greetings import spokesperson
from campaigns.models import Broadcast, SavedAudience
from campaigns.rules_audiences import AudienceRefused, read
from campaigns.rules_broadcasts import FIELDS, PERSONAL, STALLED, Start, common_values, fill_common, start_at
from crm import outbox
from crm.actions import audit
from crm.actions.gateways import send_test
from crm.compose import fields_of
from crm.errors import RuleViolation
from crm.models import Project, SendRun, User
from crm.outbox.runs import check_template
from crm.rules_messages import RunKind
from leads import facts
from leads.facts_cap import caps_of

State = Broadcast.State
OPEN = (State.DRAFT, State.SUBMITTED)


@dataclass(frozen=True, slots=True)
class BroadcastSheet:
    """What marketing writes down: `budget` in pieces, `price` in yuan a piece, `filter` of rules_audiences."""

    title: str
    body: str
    starts_at: dt.datetime
    expires_at: dt.datetime
    filter: dict[str, Any] = field(default_factory=dict)
    budget: int | None = None
    price: Decimal | None = None


def _check(sheet: BroadcastSheet, project: Project, at: dt.datetime) -> None:
    check_template(sheet.body, FIELDS)
    if not sheet.title.strip():
        raise RuleViolation(_("Give the broadcast a title."), field="title")
    if sheet.starts_at.astimezone(project.zone).date() < at.astimezone(project.zone).date():
        raise RuleViolation(_("The start lies in the past."), field="starts_at", code="past")
    if sheet.expires_at <= at:
        raise RuleViolation(_("This moment has passed already."), field="expires_at", code="past")
    if sheet.expires_at <= sheet.starts_at:
        raise RuleViolation(_("It would end before it starts."), field="expires_at", code="ends_first")
    _check_audience(sheet.filter, project)


def _check_audience(stored: dict[str, Any], project: Project) -> None:
    try:
        audience = read(stored)
    except AudienceRefused as refused:
        raise RuleViolation(_("This is no filter: %(key)s.") % {"key": refused.key}, code="filter") from None
    foreign = set(audience.buildings) - {pk for pk, _name in facts_audiences.buildings(project)}
    if foreign:
        raise RuleViolation(_("Choose buildings of this project."), field="buildings", code="foreign")
    if set(audience.sources) - {pk for pk, _name in facts_audiences.sources(project)}:
        raise RuleViolation(_("Choose sources of this project."), field="sources", code="foreign")


@transaction.atomic
def save_broadcast(
    *, project: Project, sheet: BroadcastSheet, by: User, at: dt.datetime, broadcast_id: int | None = None
) -> Broadcast:
    """Write one, or change one that is not approved yet: it is a draft again, its rehearsal is let go."""
    _check(sheet, project, at)
    row = Broadcast(project=project)
    if broadcast_id is not None:
        row = _locked(broadcast_id)
        if row.state not in OPEN:
            raise RuleViolation(_("What is approved is not rewritten. Cancel it and write another."))
    row.title, row.body = sheet.title.strip()[:40], sheet.body.strip()
    row.filter = read(sheet.filter).stored()
    row.starts_at, row.expires_at = sheet.starts_at, sheet.expires_at
    row.budget, row.price = sheet.budget, sheet.price
    row.state, row.prepared_by, row.prepared_at, row.reason = State.DRAFT, by, at, ""
    _let_go(row)
    row.save()
    row.writers.add(by)
    approvals.decided(row, at)
    _log("broadcast.saved", row, by, at)
    return row


@transaction.atomic
def save_and_rehearse(
    *,
    project: Project,
    sheet: BroadcastSheet,
    by: User,
    at: dt.datetime,
    save_as: str = "",
    broadcast_id: int | None = None,
) -> Broadcast:
    """What the sheet's button does: write it, keep its audience if wanted, have it rehearsed."""
    row = save_broadcast(project=project, sheet=sheet, by=by, at=at, broadcast_id=broadcast_id)
    if save_as.strip():
        save_audience(project=project, name=save_as, stored=sheet.filter, by=by, at=at)
    return ask_rehearsal(broadcast_id=row.pk, by=by, at=at)


def _let_go(row: Broadcast) -> None:
    """Forget the rehearsal; `drop_strays` gives its places in the cap back."""
    row.run, row.asked_at, row.planned_at, row.people, row.summary, row.problem = (
        None,
        None,
        None,
        None,
        {},
        "",
    )


@transaction.atomic
def ask_rehearsal(*, broadcast_id: int, by: User, at: dt.datetime) -> Broadcast:
    """Have a draft planned, or planned anew; the worker does it."""
    row = _locked(broadcast_id)
    if row.state != State.DRAFT:
        raise RuleViolation(_("Only a draft is rehearsed."))
    if row.being_planned:
        return row
    _let_go(row)
    row.asked_at = at
    row.save()
    _log("broadcast.rehearsal_asked", row, by, at)
    return row


def rehearse(*, broadcast_id: int, at: dt.datetime) -> bool:
    """The worker's part: plan what was asked for. Safe twice: one plan a run, what is there already is ignored."""
    run = _open(broadcast_id, at)
    if run is None:
        return False
    drop_strays(at=at)  # what an earlier text of it had planned must not stand in its own way (SC-6)
    row = Broadcast.objects.select_related("project").get(pk=broadcast_id)
    try:
        planned = outbox.plan(
            run=run,
            audience=facts_audiences.audience_rows(row.project, row.audience, fields_of(row.body)),
            at=at,
            kept_free=next_festival(after=max(run.starts_at, at).astimezone(row.project.zone).date()),
        )
    except RuleViolation as violation:
        return _mark(row, run, problem=str(violation.text)[:300])
    summary = {
        "messages": planned.messages,
        "pieces": planned.pieces,
        "held": planned.held,
        "left": planned.left,
        "last_of_month": facts_broadcasts.last_of_month(run),
    }
    return _mark(row, run, planned_at=at, summary=summary)


def _mark(row: Broadcast, run: SendRun, **values: Any) -> bool:
    """Race closed: the text was changed while it was being planned; then this run is nobody's."""
    mine = Broadcast.objects.filter(pk=row.pk, run=run, state=State.DRAFT)
    return bool(mine.update(**values))


@transaction.atomic
def save_audience(
    *, project: Project, name: str, stored: dict[str, Any], by: User, at: dt.datetime
) -> SavedAudience:
    """Keep a filter under a name; the name's owner may write it anew, nobody else."""
    if not name.strip():
        raise RuleViolation(_("Give the audience a name."), field="save_as")
    _check_audience(stored, project)
    row = SavedAudience.objects.select_for_update().filter(project=project, name=name.strip()[:40]).first()
    if row is not None and row.owner_id != by.pk:
        raise RuleViolation(
            _("A colleague keeps an audience under this name. Choose another."), field="save_as", code="taken"
        )
    row = row or SavedAudience(project=project, name=name.strip()[:40], owner=by)
    row.filter, row.saved_at = read(stored).stored(), at
    row.save()
    return row


def drop_audience(*, audience_id: int, by: User, at: dt.datetime) -> None:
    """Forget a saved audience of one's own; broadcasts keep the filter they were written with."""
    row = SavedAudience.objects.select_related("project").get(pk=audience_id, owner=by)
    audit.record("audience.dropped", by=by, at=at, project=row.project, target="audience", target_id=row.pk)
    row.delete()


def note_export(*, row: Broadcast, numbers: bool, by: User, at: dt.datetime) -> None:
    """Who took everybody of a broadcast home, when, and whether with their numbers."""
    _log("broadcast.exported", row, by, at, numbers=numbers)


@transaction.atomic
def _open(broadcast_id: int, at: dt.datetime) -> SendRun | None:
    """The draft run of a wanted plan; None when nothing is wanted or another worker is at it."""
    row = _locked(broadcast_id)
    if row.state != State.DRAFT or not row.being_planned:
        return None
    if row.run is not None and (row.run.created_at > at - STALLED or outbox.being_planned(row.run.pk)):
        return None
    try:
        row.run = row.run or _open_run(row, at)
    except RuleViolation as violation:
        row.problem = str(violation.text)[:300]
        row.save(update_fields=["problem"])
        return None
    found = facts_audiences.measure(row.project, row.audience)
    row.people = found["people"] + found["stopped"]
    row.save(update_fields=["run", "people"])
    SendRun.objects.filter(pk=row.run.pk).update(created_at=at)
    return row.run


def _open_run(row: Broadcast, at: dt.datetime) -> SendRun:
    frame = facts.frame(row.project_id, at)
    values = common_values(row.project.name, row.expires_at.astimezone(row.project.zone))
    return outbox.open_run(
        project=row.project,
        kind=RunKind.BROADCAST,
        title=row.title,
        body=fill_common(row.body, values),
        fields=PERSONAL,
        starts_at=row.starts_at,
        expires_at=row.expires_at,
        budget=row.budget,
        consultant=spokesperson(row.project),
        caps=caps_of(frame.policy),
        by=row.prepared_by,
        at=at,
    )


@transaction.atomic
def submit(*, broadcast_id: int, by: User, at: dt.datetime) -> Broadcast:
    """Hand a rehearsed draft in for approval."""
    row = _locked(broadcast_id)
    if row.state != State.DRAFT or row.planned_at is None:
        raise RuleViolation(_("Only a rehearsed draft is handed in."), code="not_rehearsed")
    if not row.summary.get("messages"):
        raise RuleViolation(_("Nobody would get it. Choose another audience."), code="nobody")
    _still_time(row, at)
    _to(row, State.SUBMITTED, "broadcast.submitted", by, at, reason="")
    approvals.waits_for_approval(row, row.title, at)
    return row


@transaction.atomic
def approve(*, broadcast_id: int, by: User, at: dt.datetime) -> Broadcast:
    """Approve what others wrote, all of them: it starts by itself when its hour comes."""
    row = _locked(broadcast_id)
    if row.state != State.SUBMITTED:
        raise RuleViolation(_("This broadcast does not wait for approval."))
    approvals.not_own(row, by)
    _still_time(row, at)
    _to(row, State.APPROVED, "broadcast.approved", by, at, approved_by=by, approved_at=at)
    approvals.decided(row, at)
    return row


@transaction.atomic
def send_back(*, broadcast_id: int, reason: str, by: User, at: dt.datetime) -> Broadcast:
    """Give it back to its author with the reason; the rehearsal stays."""
    row = _locked(broadcast_id)
    if row.state != State.SUBMITTED:
        raise RuleViolation(_("This broadcast does not wait for approval."))
    _to(row, State.DRAFT, "broadcast.sent_back", by, at, reason=_given(reason))
    approvals.sent_back(row, row.title, row.reason, at)
    return row


@transaction.atomic
def start_now(*, broadcast_id: int, by: User, at: dt.datetime) -> Broadcast:
    """Let an overdue one go after all. RuleViolation once its end has come."""
    row = _locked(broadcast_id)
    if row.state != State.OVERDUE:
        raise RuleViolation(_("This broadcast has not missed its start."))
    _still_time(row, at)
    assert row.run is not None, "an overdue broadcast was rehearsed"
    row.run = outbox.launch(run_id=row.run.pk, by=by, at=at)
    return _to(row, State.LAUNCHED, "broadcast.started_late", by, at, problem="")


@transaction.atomic
def cancel(*, broadcast_id: int, reason: str, by: User, at: dt.datetime) -> Broadcast:
    """End it for good: what was not sent is taken back, and its place in everybody's cap."""
    row = _locked(broadcast_id)
    if row.standing in (State.CANCELLED, State.EXPIRED, SendRun.State.FINISHED):
        raise RuleViolation(_("It has ended already."), code="ended")
    text = _given(reason)
    if row.run is not None and row.state != State.DRAFT:
        outbox.cancel(run_id=row.run.pk, by=by, at=at)
    if row.state == State.DRAFT:
        _let_go(row)
        row.save()
    state = State.LAUNCHED if row.state == State.LAUNCHED else State.CANCELLED
    approvals.decided(row, at)
    return _to(row, state, "broadcast.cancelled", by, at, reason=text, ended_by=by)


@transaction.atomic
def start_due(*, broadcast_id: int, at: dt.datetime) -> Start:
    """What the tick does with an approved broadcast: wait, start it, ask (its start was missed), or end it."""
    row = _locked(broadcast_id)
    if row.state not in (State.APPROVED, State.OVERDUE) or row.run is None or row.approved_at is None:
        return Start.WAITS
    due = start_at(at, starts_at=row.starts_at, approved_at=row.approved_at, expires_at=row.expires_at)
    if row.state == State.OVERDUE and due is not Start.EXPIRED:
        return Start.OVERDUE
    if due is Start.STARTS:
        try:
            row.run = outbox.launch(run_id=row.run.pk, by=row.approved_by, at=at)
        except RuleViolation as violation:
            row.problem = str(violation.text)[:300]
            row.save(update_fields=["problem"])
            return Start.WAITS
        _to(row, State.LAUNCHED, "broadcast.started", None, at, problem="")
    elif due is Start.OVERDUE:
        _to(row, State.OVERDUE, "broadcast.overdue", None, at)
        approvals.start_missed(row, at)
    elif due is Start.EXPIRED:
        outbox.cancel(run_id=row.run.pk, by=None, at=at)
        _to(row, State.EXPIRED, "broadcast.expired", None, at)
    return due


def drop_strays(*, at: dt.datetime) -> int:
    """Throw away the plans that a change of the text has left behind: their places in the cap are free again."""
    dropped = 0
    for run_id in facts_broadcasts.strays():
        try:
            outbox.discard_plan(run_id=run_id, at=at)
        except RuleViolation:  # another worker has just thrown it away
            continue
        outbox.cancel(run_id=run_id, by=None, at=at)
        dropped += 1
    return dropped


def send_to_self(*, row: Broadcast, by: User, at: dt.datetime) -> None:
    """The text, as the longest of its people would get it, to the mobile of whoever asks."""
    if not by.mobile:
        raise RuleViolation(
            _("Your account has no mobile number. The administrator enters it."), code="no_mobile"
        )
    body = facts_broadcasts.sample(row.project, row.body, row.audience, row.expires_at).body
    send_test(gateway=outbox.line_of(row.project), raw=by.mobile, body=body, by=by, at=at)
    _log("broadcast.tested", row, by, at)


def _given(reason: str) -> str:
    if not reason.strip():
        raise RuleViolation(_("Give the reason."), field="reason")
    return reason.strip()[:200]


def _still_time(row: Broadcast, at: dt.datetime) -> None:
    if row.expires_at <= at:
        raise RuleViolation(_("Its time has passed. Change the dates first."), code="expired")


def _to(row: Broadcast, state: str, verb: str, by: User | None, at: dt.datetime, **values: Any) -> Broadcast:
    row.state = state
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=["state", *values])
    _log(verb, row, by, at)
    return row


def _locked(broadcast_id: int) -> Broadcast:
    rows = Broadcast.objects.select_for_update(of=("self",)).select_related("project", "run")
    return rows.get(pk=broadcast_id)


def _log(verb: str, row: Broadcast, by: User | None, at: dt.datetime, **details: object) -> None:
    audit.record(verb, by=by, at=at, project=row.project, target="broadcast", target_id=row.pk, **details)
