"""Opening, launching, pausing, resuming and cancelling a run of messages. See docs/outbox.md."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crm.actions import audit
from crm.compose import OPT_OUT, TextRefused, check_body, check_fields
from crm.contact_cap import Caps
from crm.errors import RuleViolation
from crm.models import (
    Exclusion,
    Gateway,
    GatewaySignature,
    GatewayTemplate,
    GreetingKey,
    Message,
    MessageText,
    Project,
    SendRun,
    User,
)
from crm.models.gateways import Filing
from crm.names import clean_name
from crm.outbox.staging import undisturbed
from crm.rules_messages import PRIORITY, RunKind, State

AT_ONCE = 2_000  # rows that a cancelling request changes itself
NO_MARKETING = (RunKind.SERVICE, RunKind.TEST)


def line_of(project: Project) -> Gateway:
    """The project's line; a project without one gets the console, which prints (the default of a first start)."""
    found = Gateway.objects.filter(project=project, is_default=True).first()
    if found is not None:
        return found
    made, _created = Gateway.objects.get_or_create(
        project=project, name="console", defaults={"kind": Gateway.Kind.CONSOLE, "is_default": True}
    )
    return made


def refuse_text(refused: TextRefused, field: str = "body") -> RuleViolation:
    """A refused text as the error that edges show."""
    said = refused.message.in_language(get_language() or "")
    text = f"{said} ({refused.detail})" if refused.detail else said
    return RuleViolation(text, "SC-10", field, code=refused.code.value)


def check_template(body: str, allowed: Collection[str] | None) -> tuple[str, ...]:
    """The fields of a body. RuleViolation when it breaks SC-10 or reads a field that is not listed (None: any)."""
    try:
        check_body(body)
        return check_fields(body, allowed)
    except TextRefused as refused:
        raise refuse_text(refused) from None


@transaction.atomic
def open_run(
    *,
    project: Project,
    kind: str,
    title: str,
    body: str,
    starts_at: dt.datetime,
    expires_at: dt.datetime,
    by: User | None,
    at: dt.datetime,
    fields: Collection[str] = (),
    consultant: str = "",
    clause: str = "",
    festival: str = "",
    year: int | None = None,
    gateway: Gateway | None = None,
    template: GatewayTemplate | None = None,
    budget: int | None = None,
    caps: Caps | None = None,
    at_least_once: bool = False,
) -> SendRun:
    """A draft: nothing is planned or sent yet.

    `body` is the template of SC-10 with {fields} out of `fields`; `consultant` is named where a row names none.
    `budget` is in billed pieces. `caps`: the numbers of SC-6 in the project's policy.
    """
    check_template(body, fields)
    if expires_at <= max(starts_at, at):
        raise RuleViolation(_("It would end before it starts."), field="expires_at", code="ends_first")
    return SendRun.objects.create(
        project=project,
        gateway=gateway or line_of(project),
        kind=kind,
        title=title[:80],
        clause=clause,
        festival=festival,
        year=year,
        body=body.strip(),
        consultant=clean_name(consultant),
        template=template,
        starts_at=starts_at,
        expires_at=expires_at,
        budget=budget,
        at_least_once=at_least_once,
        created_by=by,
        created_at=at,
        **_sender(project),
        **_sort(kind, caps or Caps()),
    )


def _sender(project: Project) -> dict[str, str]:
    """SC-10: whose signature and hotline end every message of the run."""
    signature, hotline = clean_name(project.signature), clean_name(project.hotline)
    if not (signature and hotline):
        raise RuleViolation(
            _("Fill in the project's signature and hotline first."), "SC-10", code="no_sender"
        )
    return {"signature": signature, "hotline": hotline}


def _sort(kind: str, caps: Caps) -> dict[str, Any]:
    """What follows from the kind: rank, opt-out line, cap."""
    marketing = kind not in NO_MARKETING
    return {
        "priority": PRIORITY[kind],
        "marketing": marketing,
        "opt_out": OPT_OUT if marketing else "",
        "a_day": caps.marketing_sms_a_day,
        "a_month": caps.marketing_sms_a_month,
    }


def blocked(run: SendRun, today: dt.date) -> str:
    """Why a run may not be launched, translated; "" when it may. An unfiled signature or template blocks."""
    gateway = run.gateway
    if gateway.state != Gateway.State.ON:
        return _("The gateway is switched off.")
    valid = Q(state=Filing.State.APPROVED) & (Q(expires_on=None) | Q(expires_on__gte=today))
    if gateway.needs_filing:
        filed = GatewaySignature.objects.filter(valid, gateway=gateway, signature=run.signature)
        if not filed.exists():
            return _("The signature is not approved by the gateway yet.")
    if gateway.needs_template:
        approved = GatewayTemplate.objects.filter(valid, gateway=gateway, body=run.body)
        if not approved.filter(pk=run.template_id or 0).exists():
            return _("The text is no template approved by the gateway.")
    return ""


@transaction.atomic
def launch(*, run_id: int, by: User | None, at: dt.datetime) -> SendRun:
    """Let a planned run be sent from `starts_at` on. Who may approve it is the caller's rule."""
    run = SendRun.objects.select_for_update().get(pk=run_id)
    if run.state != SendRun.State.DRAFT or run.planned_at is None:
        raise RuleViolation(_("Only a planned draft can be launched."), code="not_planned")
    if run.expires_at <= at:
        raise RuleViolation(_("The time of this run has passed."), code="expired")
    why = blocked(run, at.astimezone(run.project.zone).date())
    if why:
        raise RuleViolation(why, code="gateway_blocks")
    run.state, run.launched_at, run.launched_by = SendRun.State.RUNNING, at, by
    run.save(update_fields=["state", "launched_at", "launched_by"])
    _log("run.launched", run, by, at)
    return run


@transaction.atomic
def pause(*, run_id: int, by: User | None, at: dt.datetime, why: str = "") -> bool:
    """Stop claiming from a run, at once and whatever its size; `why` is a code of a pause nobody asked for."""
    changed = SendRun.objects.filter(pk=run_id, state=SendRun.State.RUNNING).update(
        state=SendRun.State.PAUSED, halted=why[:16]
    )
    if changed:
        _log("run.paused", SendRun.objects.get(pk=run_id), by, at, why=why)
    return bool(changed)


@transaction.atomic
def resume(*, run_id: int, by: User, at: dt.datetime) -> bool:
    """Go on. RuleViolation when the gateway would refuse it or its time has passed."""
    run = SendRun.objects.select_for_update().get(pk=run_id)
    if run.state != SendRun.State.PAUSED:
        return False
    if run.expires_at <= at:
        raise RuleViolation(_("The time of this run has passed."), code="expired")
    why = blocked(run, at.astimezone(run.project.zone).date())
    if why:
        raise RuleViolation(why, code="gateway_blocks")
    run.state, run.halted, run.launched_at = SendRun.State.RUNNING, "", at
    run.save(update_fields=["state", "halted", "launched_at"])
    _log("run.resumed", run, by, at)
    return True


@transaction.atomic
def cancel(*, run_id: int, by: User | None, at: dt.datetime) -> int:
    """End a run for good; what was not sent is cancelled and its place in the cap comes back.

    Returns how many rows it cancelled itself.
    No sender takes anything of it from the moment this commits. A small run's rows are cancelled here; of a large one
    only the first, the rest by `sweeping.keep_hours`, slice by slice: no page waits for a million rows. What a sender
    has claimed comes back to the queue at its second check and is cancelled there as well.
    """
    run = SendRun.objects.select_for_update().get(pk=run_id)
    if run.state in (SendRun.State.CANCELLED, SendRun.State.FINISHED):
        return 0
    run.state, run.ended_at = SendRun.State.CANCELLED, at
    run.save(update_fields=["state", "ended_at"])
    _log("run.cancelled", run, by, at)
    return cancel_rest(run.pk, at, most=AT_ONCE)


@transaction.atomic
def cancel_rest(run_id: int, at: dt.datetime, *, most: int) -> int:
    """Cancel up to `most` of what a cancelled run still holds or has queued. Returns how many.

    What is held is released into the cancelled run first, so that every move stands in the table of states. Rows that
    somebody holds are left for the next round.
    """
    waiting = Message.objects.filter(run_id=run_id, state__in=[State.HELD, State.QUEUED])
    ids = list(waiting.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)[:most])
    rows = Message.objects.filter(pk__in=ids)
    rows.filter(state=State.HELD).update(state=State.QUEUED, changed_at=at)
    GreetingKey.objects.filter(run_id=run_id, customer__in=rows.values("customer")).delete()
    return rows.filter(state=State.QUEUED).update(state=State.CANCELLED, changed_at=at)


def discard_plan(*, run_id: int, at: dt.datetime) -> None:
    """Take back the plan of a draft, to change it and plan anew; nothing of it was ever sent.

    Race closed by the run's lock: whoever still plans it ends first.
    """
    with undisturbed(run_id), transaction.atomic():
        _discard(run_id)


def _discard(run_id: int) -> None:
    run = SendRun.objects.select_for_update().get(pk=run_id)
    if run.state != SendRun.State.DRAFT:
        raise RuleViolation(_("Only a planned draft can be planned anew."), code="not_draft")
    whose = (("run", GreetingKey), ("run", Exclusion), ("message__run", MessageText), ("run", Message))
    for path, model in whose:
        rows: QuerySet[Any] = model._default_manager.filter(**{path: run})
        rows._raw_delete(rows.db)
    run.planned_at = None
    run.save(update_fields=["planned_at"])


def _log(verb: str, run: SendRun, by: User | None, at: dt.datetime, **details: object) -> None:
    audit.record(verb, by=by, at=at, project=run.project, target="run", target_id=run.pk, **details)
