"""Messages as a line takes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crm.facts_messages import parts_of
from crm.gateways.line import Outgoing
from crm.models import Gateway, Message, MessageText, SendRun


def outgoing(messages: Iterable[Message], numbers: Mapping[int, int], gateway: Gateway) -> list[Outgoing]:
    """In the gateway's layout; `numbers`: the attempt of each. Three queries, whatever the size."""
    rows = list(messages)
    kept = {
        text.message_id: text for text in MessageText.objects.filter(message__in=[row.pk for row in rows])
    }
    runs = SendRun.objects.select_related("template").in_bulk({row.run_id for row in rows})
    return [
        Outgoing(
            row.pk,
            numbers[row.pk],
            row.to,
            parts_of(runs[row.run_id], kept[row.pk]).text_for(gateway.layout),
            code.code if (code := runs[row.run_id].template) else "",
            kept[row.pk].values,
        )
        for row in rows
    ]
