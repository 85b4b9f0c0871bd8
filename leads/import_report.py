"""An import's stored report as the page and the command show it: codes as words, figures in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from crm.labels import GRADES
from leads.facts_import import note_text, reason_text
from leads.models import ImportBatch

Pairs = list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Shown:
    """`check` and `counts` are the stored figures; the rest is in words, most frequent first."""

    check: dict[str, Any]
    counts: dict[str, int]
    reasons: Pairs
    notes: Pairs
    grades: Pairs
    grade_words: list[tuple[str, str]]
    sample: list[dict[str, Any]]
    refused_sample: list[dict[str, Any]]
    percent: int


def report_of(batch: ImportBatch) -> Shown:
    """The report of a batch that has been checked."""
    check = batch.report["check"]
    sample = [{**line, "numbers": " / ".join(line["numbers"])} for line in check["sample"]]
    refused = [
        {**line, "reasons": [reason_text(reason) for reason in line["reasons"]]}
        for line in check["refused_sample"]
    ]
    return Shown(
        check=check,
        counts=batch.report.get("run", {}).get("counts", {}),
        reasons=[(reason_text({"code": code}), number) for code, number in _ranked(check["reasons"])],
        notes=[(note_text(code), number) for code, number in _ranked(check["notes"])],
        grades=[(str(GRADES.get(grade, grade)), number) for grade, number in sorted(check["grades"].items())],
        grade_words=sorted((word, grade or _("not graded")) for word, grade in check["grade_words"].items()),
        sample=sample,
        refused_sample=refused,
        percent=100 * batch.progress // max(batch.total, 1),
    )


def _ranked(figures: dict[str, int]) -> Pairs:
    return sorted(figures.items(), key=lambda item: (-item[1], item[0]))
