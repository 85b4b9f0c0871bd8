"""What the dry run keeps of a register is what it read: whatever the cells hold."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from leads.registers.kept import Kept, KeptRefusal, KeptRow, pack, pack_refusal, pack_row, unpack, unpack_row
from leads.registers.reading import analyse, read
from leads.registers.results import ParsedRow, Refusal
from leads.registers.sniffing import open_register

SAMPLES = Path(__file__).parents[2] / "data" / "registers"


@pytest.mark.parametrize("name", ["calls.csv", "visits.xlsx"])
def test_rows_come_back_as_they_were_read(name: str) -> None:
    book = open_register((SAMPLES / name).read_bytes())
    outcomes = list(read(book, analyse(book, today=date(2026, 11, 23))))
    rows = [KeptRow(i, f"id {i}", each) for i, each in enumerate(outcomes) if isinstance(each, ParsedRow)]
    refused = [KeptRefusal(i, each) for i, each in enumerate(outcomes) if isinstance(each, Refusal)]
    links, first_named = (
        {"+8613800138000": ["+8613800138000", "+8613900139000"]},
        {"+8613800138000": ["梅婷"]},
    )
    content = pack(map(pack_row, rows), map(pack_refusal, refused), links, first_named)
    plain = [kept._replace(row=kept.row._replace(notes=())) for kept in rows]
    assert len(rows) > 300
    assert len(refused) > 20
    assert unpack(content) == Kept(plain, refused, links, first_named)
    assert unpack_row(pack_row(rows[7])) == plain[7].row
    assert {type(value) for value in unpack(content).rows[0].row} == {type(value) for value in plain[0].row}
