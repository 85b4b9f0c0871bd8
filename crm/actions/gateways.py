"""Setting up a project's lines: settings, secret, what the carrier has on file, a test of the connection."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from crm.actions import audit
from crm.compose import GUEST, TextRefused, pieces
from crm.errors import RuleViolation
from crm.facts_messages import parts_of
from crm.gateways import guard, open_line
from crm.gateways.line import LineDown
from crm.gateways.secrets import host_of, may_go_to, seal
from crm.models import (
    Gateway,
    GatewaySignature,
    GatewayTemplate,
    Message,
    MessageText,
    Project,
    SendRun,
    User,
)
from crm.outbox.runs import check_template, launch, line_of, open_run, refuse_text
from crm.phones import parse
from crm.rules_messages import RunKind, State

COLUMNS = ("name", "kind", "state", "layout", "rate", "window", "needs_filing", "needs_template")


def check_settings(kind: str, settings: Mapping[str, Any]) -> None:
    """RuleViolation when a line of this kind cannot work with these settings, or must not connect there."""
    try:
        if kind == Gateway.Kind.HTTP:
            _scheme, host, port, _path = guard.split_url(str(settings.get("url", "")))
            guard.resolve(host, port)
        elif kind == Gateway.Kind.SMPP:
            guard.resolve(str(settings.get("host", "")), int(settings.get("port") or 0))
    except guard.Forbidden as refused:
        field = "url" if kind == Gateway.Kind.HTTP else "host"
        raise RuleViolation(
            _("This address cannot be used: %(why)s.") % {"why": refused}, field=field, code="address"
        ) from None


REACHED_BY = ("url", "key", "host", "port", "system_id", "tls")
"""Settings that say who gets to see the secret, and whether anybody on the way does."""


def _keep_the_secret_where_it_belongs(gateway: Gateway, kind: str, settings: Mapping[str, Any]) -> None:
    """A stored secret is not sent to another address because somebody changed it: whoever does must know the secret."""
    stored = Gateway.objects.select_for_update().get(pk=gateway.pk)
    before, after = (
        {name: each.get(name) or None for name in REACHED_BY} for each in (stored.settings, settings)
    )
    if stored.secret and (stored.kind != kind or before != after):
        raise RuleViolation(
            _("The address or account of this line changes: enter its secret again."),
            field="secret",
            code="secret_again",
        )


@transaction.atomic
def save_gateway(
    *,
    project: Project,
    values: Mapping[str, Any],
    settings: Mapping[str, Any],
    by: User | None,
    at: dt.datetime,
    gateway: Gateway | None = None,
    secret: str | None = None,
    is_default: bool = False,
) -> Gateway:
    """Make a line or change one. The first line is the project's.

    `secret` None keeps the one that is stored, as long as the line leads to where it did.
    """
    check_settings(str(values["kind"]), settings)
    given = secret if secret is not None else (gateway.secret if gateway is not None else "")
    if not may_go_to(given, host_of(str(values["kind"]), settings)):
        raise RuleViolation(
            _("The server's environment does not let this secret go to this host: CRM_GATEWAY_NAME_HOSTS."),
            field="secret",
            code="secret_elsewhere",
        )
    if gateway is not None and secret is None:
        _keep_the_secret_where_it_belongs(gateway, str(values["kind"]), settings)
    row = gateway or Gateway(project=project)
    for column in COLUMNS:
        if column in values:
            setattr(row, column, values[column])
    row.settings = dict(settings)
    if secret is not None:
        row.secret = seal(secret)
    others = Gateway.objects.filter(project=project).exclude(pk=row.pk)
    if is_default or not others.filter(is_default=True).exists():
        others.update(is_default=False)
        row.is_default = True
    row.slowed_rate = row.slowed_until = None
    row.save()
    _log("gateway.saved", row, by, at, secret=secret is not None)
    return row


def test_connection(*, gateway: Gateway, by: User, at: dt.datetime) -> str:
    """Open the line and close it again; what went wrong, or "". The balance is kept where the gateway tells one."""
    problem, balance = "", gateway.balance
    try:
        line = open_line(gateway)
        try:
            balance = line.balance()
        finally:
            line.close()
    except LineDown as down:
        problem = down.text
    Gateway.objects.filter(pk=gateway.pk).update(problem=problem[:200], balance=balance, checked_at=at)
    _log("gateway.tested", gateway, by, at, ok=not problem)
    return problem


@transaction.atomic
def send_test(*, gateway: Gateway, raw: str, body: str, by: User, at: dt.datetime) -> Message:
    """A message to a number of staff, through the whole outbox, outside of every cap and ledger."""
    parsed = parse(raw, gateway.project.region)
    if parsed.problems or len(parsed.numbers) != 1:
        raise RuleViolation(_("Enter one number."), field="phone", code="one_number")
    run = open_run(
        project=gateway.project, gateway=gateway, kind=RunKind.TEST, title=_("test"), body=body,
        consultant=str(by), starts_at=at, expires_at=at + dt.timedelta(hours=1), by=by, at=at,
    )  # fmt: skip
    text = MessageText(opening=GUEST, consultant=str(by)[:60])
    try:
        counted = pieces(parts_of(run, text).text_for(gateway.layout))
    except TextRefused as refused:
        raise refuse_text(refused) from None
    message = Message.objects.create(
        run=run, to=parsed.numbers[0].identity, state=State.QUEUED, counts=False, pieces=counted.billed,
        day=at.astimezone(gateway.project.zone).date(), not_before=at, changed_at=at,
    )  # fmt: skip
    text.message = message
    text.save(force_insert=True)
    SendRun.objects.filter(pk=run.pk).update(planned_at=at)
    launch(run_id=run.pk, by=by, at=at)
    _log("gateway.test_sent", gateway, by, at)
    return message


@transaction.atomic
def file_signature(
    *, gateway: Gateway, signature: str, values: Mapping[str, Any], by: User, at: dt.datetime
) -> GatewaySignature:
    """What the carrier says about a signature. `values`: state, expires_on, note."""
    row, _created = GatewaySignature.objects.update_or_create(
        gateway=gateway, signature=signature, defaults={**_filing(values), "changed_at": at}
    )
    _log("gateway.signature", gateway, by, at, state=row.state)
    return row


@transaction.atomic
def file_template(
    *, gateway: Gateway, code: str, body: str, values: Mapping[str, Any], by: User, at: dt.datetime
) -> GatewayTemplate:
    """What the carrier says about a template; `code` is its own id. A changed text is another template there."""
    check_template(body, None)
    known = GatewayTemplate.objects.filter(gateway=gateway, code=code).first()
    if known is not None and known.body != body:
        raise RuleViolation(
            _("The carrier knows another text under this id."), field="body", code="other_text"
        )
    row, _created = GatewayTemplate.objects.update_or_create(
        gateway=gateway, code=code, defaults={"body": body, **_filing(values), "changed_at": at}
    )
    _log("gateway.template", gateway, by, at, state=row.state)
    return row


def _filing(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in ("state", "expires_on", "note") if name in values}


def _log(verb: str, gateway: Gateway, by: User | None, at: dt.datetime, **details: Any) -> None:
    audit.record(
        verb, by=by, at=at, project=gateway.project, target="gateway", target_id=gateway.pk, **details
    )


def demo_lines(*, port: str, at: dt.datetime) -> None:
    """Every project of a demo sends over the demo's own carrier (crm/smsc/); without one, to the console."""
    for project in Project.objects.all():
        if not port:
            line_of(project)
            continue
        save_gateway(
            project=project,
            values={
                "name": "Demo SMSC",
                "kind": Gateway.Kind.SMPP,
                "rate": 50,
                "window": 10,
                "needs_filing": True,
            },
            settings={"host": "127.0.0.1", "port": int(port), "system_id": "demo", "source": "10690000"},
            secret="demo",  # noqa: S106 (it listens on this machine only)
            by=None,
            at=at,
        )
        GatewaySignature.objects.create(
            gateway=line_of(project),
            signature=project.signature,
            state=GatewaySignature.State.APPROVED,
            changed_at=at,
        )
