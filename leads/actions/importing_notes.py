"""What a row of a register says, as the product's words: owner, causes, notes. Reads nothing, writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from leads.registers.results import ParsedRow
from leads.vocabulary import CAUSES, INTERESTS, recognise

#: Heads of lines in a record's note: domain data, read by the sales centre beside the remark.
OTHER_NAME, FORMER_NAME, OTHER_STAFF = "登记姓名", "原姓名", "登记顾问"
STAGE, GRADE, RESIDENCE, POINT = "客户状态", "意向等级", "居住区域", "关注点"
OBJECTION, VISIT_NUMBER, WANTED, BUDGET, PURPOSE, TIME_TO_BUY = (
    "抗性", "来访次数", "需求", "预算", "目的", "购房时间"
)  # fmt: skip
INTEREST = "interest"
LONGEST_POINT = 40


@dataclass(frozen=True, slots=True)
class Answers:
    """What the run knows besides the rows: who is meant by each name of staff, and whom a party's first row names."""

    owners: Mapping[str, int | None]
    receptionists: Mapping[str, int]
    first_named: Mapping[str, Sequence[str]]

    def owner(self, row: ParsedRow) -> int | None:
        """PX-4: the consultant whom the party's earliest row names, None for nobody."""
        names: Sequence[str] = (row.consultant,) if row.consultant else ()
        for number in row.numbers:
            names = self.first_named.get(number.identity, names)
        return next((user for name in names if (user := self.owners.get(name)) is not None), None)


def note_of(row: ParsedRow, answers: Answers, owner: int | None, more: Sequence[str]) -> str:
    """The remark, then whatever the register says that has no place of its own: nothing is lost.

    `owner` is the consultant whom the lead has already.
    """
    lines = [row.remark, *more]
    if row.consultant and answers.owners.get(row.consultant) != (owner or answers.owner(row)):
        lines.append(line(OTHER_STAFF, row.consultant))
    lines += [line(STAGE, row.stage_word)] if row.stage_word else []
    lines += [line(RESIDENCE, row.residence)] if row.residence else []
    lines += [line(OBJECTION, text) for _cause, text in objections(row) if text]
    lines += [line(POINT, text) for text in row.interests if len(text) > LONGEST_POINT]
    lines += [line(label, text) for label, text in row.extra]
    return "\n".join(text for text in lines if text)


def line(head: str, text: str) -> str:
    return f"{head}：{text}"


def talked(row: ParsedRow) -> bool:
    """PX-1: a call that somebody of sales took or judged was a conversation; one only noted down was not."""
    return bool(row.consultant or row.grade)


def objections(row: ParsedRow) -> list[tuple[str, str]]:
    """(cause, text): a wording that is none of the causes is "other" with what the register says."""
    if not row.objections:
        return []
    found: dict[str, tuple[str, str]] = {}
    for text in row.objections:
        cause = _cause(text)
        found.setdefault(cause or f"other {text}", (cause or "other", "" if cause else text))
    return list(found.values())


@lru_cache(maxsize=1000)
def _cause(text: str) -> str:
    return recognise(CAUSES, text)


@lru_cache(maxsize=1000)
def point_of(text: str) -> str:
    """The code of a point of interest, or its wording as far as it fits; `note_of` keeps a longer one whole."""
    return (recognise(INTERESTS, text) or text)[:LONGEST_POINT]
