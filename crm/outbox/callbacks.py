"""What an agent sends back over HTTP, once it is known to be genuine. The contract: docs/gateway-http.md."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F

from crm.gateways import signing
from crm.gateways.line import Reply, Report
from crm.gateways.secrets import secret_of
from crm.models import CallbackNonce, Gateway
from crm.outbox.receipts import take_reports
from crm.outbox.replies import take_replies
from crm.phones import parse

MOST = 1000  # receipts or messages in one callback


@dataclass(frozen=True, slots=True)
class Signed:
    """The signed parts of a request."""

    timestamp: str
    nonce: str
    signature: str
    path: str
    body: bytes


def genuine(*, key: uuid.UUID, given: Signed, at: dt.datetime) -> Gateway | None:
    """The gateway that signed this, or None, which only raises a count.

    Race closed: the same callback twice at once; the second one meets the unique nonce.
    """
    gateway = (
        Gateway.objects.select_related("project").filter(callback_key=key, kind=Gateway.Kind.HTTP).first()
    )
    if gateway is None:
        return None
    signed = signing.genuine(
        secret_of(gateway),
        given.timestamp,
        given.nonce,
        given.signature,
        path=given.path,
        body=given.body,
        now=int(at.timestamp()),
    )
    if signed:
        _row, signed = CallbackNonce.objects.get_or_create(
            gateway=gateway, nonce=given.nonce, defaults={"at": at}
        )
    if not signed:
        Gateway.objects.filter(pk=gateway.pk).update(unsigned=F("unsigned") + 1)
        return None
    return gateway


@transaction.atomic
def take(*, gateway: Gateway, said: Mapping[str, Any], at: dt.datetime) -> dict[str, int]:
    """Store receipts and messages; what is not readable is left out. Returns how many were new."""
    reports = [found for row in _rows(said, "receipts") if (found := _report(row, at))]
    replies = [said_by for row in _rows(said, "inbound") if (said_by := _reply(row, gateway, at))]
    inbound = take_replies(gateway=gateway, replies=replies, at=at)
    return {
        "receipts": take_reports(gateway=gateway, reports=reports, at=at),
        "inbound": inbound,
        "opted_out": inbound,
    }


def _rows(said: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = said.get(name, [])
    return [row for row in rows[:MOST] if isinstance(row, dict)] if isinstance(rows, list) else []


def _report(row: Mapping[str, Any], at: dt.datetime) -> Report | None:
    ref, status, part = str(row.get("ref", ""))[:64], row.get("status"), row.get("part", 1)
    if (
        not ref
        or status not in ("delivered", "undelivered")
        or not isinstance(part, int)
        or not 0 < part < 100
    ):
        return None
    return Report(ref, str(status), at, part, str(row.get("code", ""))[:32])


def _reply(row: Mapping[str, Any], gateway: Gateway, at: dt.datetime) -> Reply | None:
    sender, text = str(row.get("from", "")), row.get("text")
    parsed = parse(sender, gateway.project.region)
    if parsed.problems or not parsed.numbers or not isinstance(text, str):
        return None
    return Reply(parsed.numbers[0].identity, text, at, str(row.get("ref", ""))[:64])
