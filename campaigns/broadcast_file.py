"""The people of a broadcast as CSV, row by row: nothing is held in memory, nothing in it is a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from django.utils.translation import gettext as _

from campaigns import facts_broadcasts
from campaigns.models import Broadcast
from crm.labels_messages import MESSAGE_STATES, why
from crm.names import masked_name
from leads.registers.texts import OPENS_FORMULA

CHUNK = 2000


class _Echo:
    """What a csv writer writes to when its line is wanted back."""

    def write(self, line: str) -> str:
        return line


def lines(row: Broadcast, *, names: bool, numbers: bool) -> Iterator[list[str]]:
    """The header, the messages, then who got none. `names`: whole or masked; `numbers`: a column more."""
    header = [_("Name"), _("Number"), _("State"), _("Reason"), _("When"), _("Pieces")]
    yield header if numbers else [*header[:1], *header[2:]]
    zone = row.project.zone
    messages, order = facts_broadcasts.messages_of(row)
    for each in messages.order_by(order).iterator(chunk_size=CHUNK):
        name = each.customer.name if each.customer is not None else ""
        cells = [
            name if names else masked_name(name),
            each.to,
            str(MESSAGE_STATES[each.state]),
            why(each.reason),
            f"{each.changed_at.astimezone(zone):%Y-%m-%d %H:%M}",
            str(each.pieces),
        ]
        yield cells if numbers else [*cells[:1], *cells[2:]]
    for left in facts_broadcasts.left_out_of(row).order_by("id").iterator(chunk_size=CHUNK):
        name = left.customer.name if names else masked_name(left.customer.name)
        reason = f"{why(left.reason)} {left.detail}".strip()
        cells = [name, "", _("no message"), reason, "", ""]
        yield cells if numbers else [*cells[:1], *cells[2:]]


def csv_of(rows: Iterator[list[str]]) -> Iterator[str]:
    """UTF-8 with its mark, as spreadsheets expect; a cell that would be read as a formula is marked as text."""
    writer = csv.writer(_Echo())
    yield "\ufeff"
    for row in rows:
        yield writer.writerow([f"'{cell}" if cell.startswith(OPENS_FORMULA) else cell for cell in row])
