"""Who is told of a milestone, and how (SC-3.1, SC-4.3, SC-5.2)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    Count,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from campaigns.facts_greetings import spokesperson
from campaigns.models import Correction, Invitation, Milestone
from campaigns.rules_milestones import Referrals, values_of
from crm import clock
from crm.compose import TextRefused, merge
from crm.facts_messages import Progress, progress, together
from crm.models import Customer, Exclusion, Message, Project, SendRun, User
from crm.rules_messages import RESERVED, SENT, State
from leads.models import CallTask, Deal, Lead
from leads.models.querysets import LeadQuerySet

BUYERS = (Lead.Stage.SUBSCRIBED, Lead.Stage.SIGNED, Lead.Stage.HANDED_OVER)


def told_leads(milestone: Milestone) -> LeadQuerySet:
    """The leads of the project that hear of it. VIP guests never by themselves: they have an event plan (SC-3.2)."""
    ordinary = Q(kind=Lead.Kind.ORDINARY, state=Lead.State.LIVE)
    wanted = ordinary & Q(stage=Lead.Stage.VISITOR, grade__in=[*milestone.grades, *_ungraded(milestone)])
    if milestone.to_callers:
        wanted |= ordinary & Q(stage=Lead.Stage.CALLER)
    if milestone.to_buyers:
        wanted |= _buyers(milestone)
    if milestone.referrals != Referrals.NOT:
        wanted |= Q(kind=Lead.Kind.LEADER_REFERRAL, state=Lead.State.LIVE)
    return Lead.objects.current().filter(wanted, project=milestone.project)


def _ungraded(milestone: Milestone) -> list[str]:
    """A visitor nobody has graded yet counts as B (SC-2.6)."""
    return [""] if "B" in milestone.grades else []


def _buyers(milestone: Milestone) -> Q:
    """Buyers and owners; with buildings chosen, those of a unit in one of them."""
    buyers = Q(stage__in=BUYERS, state__in=[Lead.State.LIVE, Lead.State.CLOSED])
    chosen = list(milestone.buildings.values_list("pk", flat=True))
    if not chosen:
        return buyers
    bought = Deal.objects.filter(
        lead=OuterRef("pk"), unit__building__in=chosen, step__in=["subscribed", "signed", "handed_over"]
    )
    return buyers & Q(Exists(bought))


def called_leads(milestone: Milestone) -> LeadQuerySet:
    """Those among them who are called first: key customers, and leader referrals when the milestone says so."""
    chosen = Q(pk__in=Lead.objects.key_customers().values("pk")) if milestone.key_calls else Q(pk__in=[])
    if milestone.referrals == Referrals.CALL:
        chosen |= Q(kind=Lead.Kind.LEADER_REFERRAL)
    return told_leads(milestone).filter(chosen).may_be_called()


def calls_in_order(milestone: Milestone) -> list[tuple[int, int]]:
    """(lead, consultant) of the calls, the most important first: referrals, then A, key B, owners."""
    rank = Case(
        When(kind=Lead.Kind.LEADER_REFERRAL, then=0),
        When(grade="A", then=1),
        When(grade="B", then=2),
        default=3,
    )
    rows = called_leads(milestone).order_by(rank, F("last_visit_at").desc(nulls_last=True), "pk")
    return [(lead, consultant) for lead, consultant in rows.values_list("pk", "consultant_id") if consultant]


def audience(milestone: Milestone, evenings: Mapping[int, dt.datetime]) -> QuerySet[Customer, Any]:
    """The audience of the notice: everybody by message; who is called gets it in the evening of the call's day, and
    only if nobody reached them. `evenings`: lead to that moment.
    """
    by_moment: dict[dt.datetime, list[int]] = {}
    for lead, moment in evenings.items():
        by_moment.setdefault(moment, []).append(lead)
    called = Q(leads__in=list(evenings))
    told = Customer.objects.filter(leads__in=told_leads(milestone).values("pk"))
    moved = milestone.corrections.order_by("pk").last()
    if moved is not None:  # who was told the former day has the correction, or was spared it
        told = told.exclude(pk__in=had_the_notice(milestone, moved).values("pk"))
    return told.annotate(
        consultant=Coalesce(F("leads__consultant__name"), Value(spokesperson(milestone.project))),
        unless_talked=Case(When(called, then=True), default=False, output_field=BooleanField()),
        not_before=Case(
            *(When(leads__in=leads, then=Value(moment)) for moment, leads in by_moment.items()),
            output_field=DateTimeField(),
        ),
    ).values("pk", "consultant", "unless_talked", "not_before")


def counts(milestone: Milestone) -> dict[str, int]:
    """How many it reaches, before anything is planned. Two queries."""
    return {"told": told_leads(milestone).count(), "called": called_leads(milestone).count()}


def notice_runs(milestone: Milestone, corrects: Correction | None = None) -> set[int]:
    """The runs of its notice: its own and those it had before it moved; of a correction, those until then."""
    earlier = milestone.corrections.exclude(notice=None)
    if corrects is not None:
        return set(earlier.filter(pk__lte=corrects.pk).values_list("notice", flat=True))
    return {*earlier.values_list("notice", flat=True), *([milestone.run_id] if milestone.run_id else [])}


def had_the_notice(milestone: Milestone, corrects: Correction | None = None) -> QuerySet[Customer]:
    """Who was told: by message (it went out, or may have), by the call, by an invitation. With a correction: who was
    told until it was written.
    """
    until = Q(invited_at__lte=corrects.prepared_at) if corrects is not None else Q()
    invited = milestone.invitations.filter(until)
    calls = CallTask.objects.filter(
        occasion=milestone.occasion_id or 0, lead__project=milestone.project_id, state=CallTask.State.DONE
    )
    if corrects is not None:
        calls = calls.filter(closed_at__lte=corrects.prepared_at)
    written = Message.objects.filter(
        run__in=notice_runs(milestone, corrects), state__in=[*SENT, State.UNKNOWN, State.UNKNOWN_FINAL]
    )
    return Customer.objects.filter(
        Q(pk__in=written.values("customer"))
        | Q(pk__in=calls.values("lead__customer"))
        | Q(pk__in=invited.values("lead__customer"))
    )


def told_already(milestone: Milestone) -> QuerySet[Message]:
    """The messages of the notice and of its invitations that went out or are to go."""
    runs = milestone.invitations.exclude(run=None).values_list("run", flat=True)
    rows = Message.objects.filter(run__in=notice_runs(milestone) | set(runs))
    return rows.filter(state__in=[*RESERVED, *SENT, State.UNKNOWN, State.UNKNOWN_FINAL])


def waiting(*, at: dt.datetime) -> list[tuple[int, bool]]:
    """Approved milestones that the next tick plans: (milestone, whether its notice goes out from today on)."""
    found = []
    rows = (
        Milestone.objects.filter(state=Milestone.State.APPROVED)
        .select_related("project", "run")
        .order_by("pk")
    )
    for row in rows.filter(
        Q(run=None) | Q(run__state=SendRun.State.DRAFT), day__gte=at.date() - dt.timedelta(days=1)
    ):
        today = at.astimezone(row.project.zone).date()
        if today > row.day:
            continue
        now = row.notice_day <= today
        planned_today = (
            row.planned_at is not None and row.planned_at.astimezone(row.project.zone).date() == today
        )
        if now or not planned_today:
            found.append((row.pk, now))
    return found


def detail(milestone: Milestone) -> dict[str, Any]:
    """What one page shows: progress, who is left out and why, the calls by state, what waits."""
    run_id = milestone.run_id or 0
    left = Exclusion.objects.filter(run=run_id).order_by().values_list("reason").annotate(n=Count("pk"))
    calls = CallTask.objects.filter(occasion=milestone.occasion_id or 0, kind="milestone").order_by()
    corrections = list(milestone.corrections.select_related("run", "prepared_by", "approved_by"))
    notices = {run_id, *(row.notice_id for row in corrections if row.notice_id is not None)}
    done = progress([*notices, *(row.run_id for row in corrections if row.run_id is not None)])
    return {
        "progress": together([done[run] for run in notices]),
        "left": dict(left),
        "calls": dict(calls.values_list("state").annotate(n=Count("pk"))),
        "corrections": [
            (row, correction_text(milestone, row), done.get(row.run_id or 0, Progress()))
            for row in corrections
        ],
        "decided": any(not row.waits for row in corrections),
        "waits": next((row for row in corrections if row.waits), None),
    }


def correction_text(milestone: Milestone, row: Correction) -> str:
    """A correction as it is sent; as it was written while its {fields} cannot be filled in."""
    values = values_of(milestone.title, row.becomes or row.was, milestone.project.name)
    try:
        return merge(row.body, values)
    except TextRefused:
        return row.body


def corrections_of(project: Project) -> QuerySet[Correction]:
    """The corrections of a project's milestones."""
    return Correction.objects.filter(milestone__project=project).select_related("milestone")


def guests_to_invite(milestone: Milestone) -> QuerySet[Lead]:
    """VIP guests and leader referrals of the project who are not on the plan yet."""
    rows = Lead.objects.current().filter(
        project=milestone.project, kind__in=[Lead.Kind.VIP, Lead.Kind.LEADER_REFERRAL], state=Lead.State.LIVE
    )
    return rows.exclude(invitations__milestone=milestone).select_related("customer").order_by("pk")


def plan_of(milestone: Milestone) -> dict[str, Any]:
    """The guests of an event plan, what became of their messages, and the sums of their answers. Three queries."""
    rows = list(
        Invitation.objects.filter(milestone=milestone).select_related(
            "lead__customer", "lead__consultant", "invited_by"
        )
    )
    coming = [row for row in rows if row.answer == Invitation.Answer.YES]
    _put_messages(milestone, rows)
    return {
        "today": clock.today(milestone.project.zone),
        "invited": rows,
        "coming": sum(row.guests for row in coming),
        "open": sum(1 for row in rows if not row.answer),
        "arrived": sum(1 for row in rows if row.arrived_at is not None),
    }


def _put_messages(milestone: Milestone, rows: list[Invitation]) -> None:
    """Each guest invited by message with `message`, or with `left`, the reason why there is none."""
    written = [row for row in rows if row.means == Invitation.Means.SMS]
    runs = {milestone.run_id or 0, *(row.run_id or 0 for row in written)}
    guests = {row.lead.customer_id for row in written}
    sent = Message.objects.filter(run__in=runs, customer__in=guests).order_by("pk")
    messages = {message.customer_id: message for message in sent}
    left = dict(Exclusion.objects.filter(run__in=runs, customer__in=guests).values_list("customer", "reason"))
    for row in written:
        row.message = messages.get(row.lead.customer_id)
        row.left = "" if row.message else left.get(row.lead.customer_id, "")


def own_guests(milestone: Milestone, user: User) -> list[Invitation]:
    """The guests that a consultant answers for."""
    rows = Invitation.objects.filter(milestone=milestone, lead__consultant=user)
    return list(rows.select_related("lead__customer"))
