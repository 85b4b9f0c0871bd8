"""The lines out of the house: one interface (crm/gateways/line.py), three kinds.

Blocking sockets, not asyncio. A drain is one loop in one process that alternates between the database (blocking by
nature) and one socket; `select` gives it a window of unanswered messages, which is all the concurrency a carrier's
line has. A frozen or killed process is what the outbox defends against, and with one thread there is one place that
looks at the clock before it writes.
"""

from __future__ import annotations

from crm.gateways.console import ConsoleLine
from crm.gateways.http import HttpLine
from crm.gateways.line import Answer, Line, Outgoing, Reply, Report
from crm.gateways.smpp import SmppLine
from crm.models import Gateway

KINDS: dict[str, type[Line]] = {
    Gateway.Kind.CONSOLE: ConsoleLine,
    Gateway.Kind.HTTP: HttpLine,
    Gateway.Kind.SMPP: SmppLine,
}


def open_line(gateway: Gateway) -> Line:
    """A connected line; raises LineDown when it cannot be had."""
    return KINDS[gateway.kind](gateway)


__all__ = ["Answer", "Line", "Outgoing", "Reply", "Report", "open_line"]
