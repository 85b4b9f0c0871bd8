"""The two registers sales centres have, read whole: accepted + refused = rows, each refusal with its reason."""

from collections import Counter

import pytest

from leads.registers.fields import Field
from leads.registers.messages import TEXTS
from leads.registers.reading import Plan, analyse, read
from leads.registers.results import ParsedRow, Refusal, Register, Tally, group_rows
from leads.registers.sniffing import Book, open_register
from tests.leads.registers.builders import DATA, TODAY


def load(name: str) -> tuple[Book, Plan, list[ParsedRow], list[Refusal], Tally]:
    book = open_register((DATA / name).read_bytes())
    plan = analyse(book, today=TODAY, file_name=name)
    tally = Tally()
    outcomes = list(read(book, plan, tally))
    accepted = [outcome for outcome in outcomes if isinstance(outcome, ParsedRow)]
    return book, plan, accepted, [outcome for outcome in outcomes if isinstance(outcome, Refusal)], tally


def test_calls() -> None:
    book, plan, accepted, refused, tally = load("calls.csv")
    assert (book.kind, book.encoding, plan.register) == ("csv", "gb18030", Register.CALLS)
    assert [column.field for column in plan.sheets[0].columns] == [
        *(Field.GRADE, Field.PHONE, Field.CONSULTANT, Field.DATE, Field.NAME, Field.REMARK, Field.SOURCE),
    ]
    assert (tally.accepted, tally.refused, tally.rows) == (374, 26, 400)
    assert (len(accepted), len(refused)) == (374, 26)
    assert tally.reasons == {"date_impossible": 9, "date_future": 6, "phone_empty": 6, "phone_withheld": 5}
    assert tally.staff == {"梅婷": 125, "林晓": 120}
    assert set(tally.grades) == {"A", "B", "C", "D"}


def test_visits() -> None:
    book, plan, accepted, refused, tally = load("visits.xlsx")
    assert (book.kind, plan.register, plan.sheets[0].name) == ("xlsx", Register.VISITS, "来访登记")
    assert Counter(column.field for column in plan.sheets[0].columns) == dict.fromkeys(
        (
            *(
                Field.GRADE,
                Field.OBJECTIONS,
                Field.DATE,
                Field.VISITS,
                Field.GENDER,
                Field.REMARK,
                Field.CONSULTANT,
            ),
            *(Field.NAME, Field.PHONE, Field.WANTED),
        ),
        1,
    )
    assert (tally.accepted, tally.refused) == (366, 34)
    assert set(tally.staff) == {"吴经理", "梅婷", "林晓"}
    assert {row.is_first for row in accepted} == {True, False, None}
    assert {row.area for row in accepted} == {"", "89", "100-120"}
    assert {row.layout for row in accepted} == {"", "三房"}
    assert {row.remark for row in accepted} >= {'=HYPERLINK("http://x","点我")', "<b>重点</b> & 需回访"}
    assert len({row.place.row for row in accepted} | {refusal.place.row for refusal in refused}) == 400


@pytest.mark.parametrize("name", ["calls.csv", "visits.xlsx"])
def test_every_refusal_says_why_and_shows_no_full_number(name: str) -> None:
    *_, refused, _ = load(name)
    for refusal in refused:
        assert refusal.reasons
        for reason in refusal.reasons:
            assert TEXTS[reason.code]
            assert not any(run.isdecimal() and len(run) > 7 for run in reason.value.split("*"))


@pytest.mark.parametrize("name", ["calls.csv", "visits.xlsx"])
def test_reading_again_gives_the_same_rows(name: str) -> None:
    book, plan, accepted, *_ = load(name)
    again = [row for row in read(book, plan) if isinstance(row, ParsedRow)]
    assert again == accepted
    assert [row.fingerprint for row in again] == [row.fingerprint for row in accepted]


def test_px_3_rows_of_one_number_in_different_dress_are_one_customer() -> None:
    *_, accepted, _, _ = load("calls.csv")
    groups = group_rows(row.numbers for row in accepted)
    together = {
        accepted[i].name for i, first in enumerate(groups) if accepted[i].numbers[0].e164 == "+8615066700094"
    }
    assert together == {"谭杰"}
    roots = {groups[i] for i, row in enumerate(accepted) if "+8615066700094" in {n.e164 for n in row.numbers}}
    assert len(roots) == 1
    assert len(set(groups)) < len(accepted)
