"""An import's stored report as the page and the command show it: codes as words, figures in order."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import clock
from crm.labels import GRADES
from crm.models import User
from leads import facts_undo
from leads.actions.importing import may_import
from leads.actions.importing_run import WRITING
from leads.facts_import import note_text, reason_text
from leads.models import ImportBatch, Lead
from leads.rules_types import EventKind

Pairs = list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Shown:
    """`check` and `counts` are the stored figures; the rest is in words, most frequent first.

    `done` rows are written, or, while it is being decided who is called when (`deciding`), looked at.
    """

    check: dict[str, Any]
    counts: dict[str, int]
    reasons: Pairs
    notes: Pairs
    grades: Pairs
    grade_words: list[tuple[str, str]]
    sample: list[dict[str, Any]]
    refused_sample: list[dict[str, Any]]
    deciding: bool
    done: int
    percent: int


def report_of(batch: ImportBatch) -> Shown:
    """The report of a batch that has been checked."""
    check, run = batch.report["check"], batch.report.get("run", {})
    deciding = batch.state == ImportBatch.State.RUNNING and run.get("stage") != WRITING
    done = run.get("looked_at", 0) if deciding else batch.progress
    sample = [{**line, "numbers": " / ".join(line["numbers"])} for line in check["sample"]]
    refused = [
        {**line, "reasons": [reason_text(reason) for reason in line["reasons"]]}
        for line in check["refused_sample"]
    ]
    return Shown(
        check=check,
        counts=run.get("counts", {}),
        reasons=[(reason_text({"code": code}), number) for code, number in _ranked(check["reasons"])],
        notes=[(note_text(code), number) for code, number in _ranked(check["notes"])],
        grades=[(str(GRADES.get(grade, grade)), number) for grade, number in sorted(check["grades"].items())],
        grade_words=sorted((word, grade or _("not graded")) for word, grade in check["grade_words"].items()),
        sample=sample,
        refused_sample=refused,
        deciding=deciding,
        done=done,
        percent=100 * done // max(batch.total, 1),
    )


@dataclass(frozen=True, slots=True)
class ShownUndo:
    """How undoing stands: until when it may begin (None: not any more), its figures, and which leads stay and why.

    Of leads that the reader may not open only the reason is told.
    """

    until: dt.datetime | None
    counts: dict[str, int]
    kept: list[tuple[Lead | None, str]]
    more: int
    done: int
    leads: int
    stopped: bool

    @property
    def percent(self) -> int:
        return 100 * self.done // max(self.leads, 1)


def undo_of(batch: ImportBatch, reader: User) -> ShownUndo:
    """The undoing of a batch that has ended, as far as it has gone."""
    undo = batch.report.get("undo", {"counts": {}, "kept": [], "done": 0, "leads": 0})
    ids = [line["lead"] for line in undo["kept"]]
    leads = Lead.objects.visible_to(reader).select_related("customer").in_bulk(ids)
    until = facts_undo.undo_until(batch)
    ended = batch.state in (ImportBatch.State.DONE, ImportBatch.State.FAILED)
    return ShownUndo(
        until=until if ended and until is not None and until > clock.now() else None,
        counts=undo["counts"],
        kept=[(leads.get(line["lead"]), _stay_text(line)) for line in undo["kept"]],
        more=max(undo["counts"].get("kept", 0) - len(ids), 0),
        done=undo["done"],
        leads=undo["leads"],
        stopped=batch.state == ImportBatch.State.UNDOING and not may_import(batch.undone_by, batch.project),
    )


def _stay_text(line: dict[str, str]) -> str:
    """Why a lead stays, in words."""
    what = str(_STAYS.get(line["code"], _STAYS[""]))
    if not line["at"]:
        return what
    day = formats.date_format(timezone.localtime(dt.datetime.fromisoformat(line["at"])), "SHORT_DATE_FORMAT")
    return " · ".join(part for part in (what, line["by"], day) if part)


_STAYS: dict[str, str | Promise] = {
    "": gettext_lazy("worked on since"),
    EventKind.CONTACT: gettext_lazy("contacted since"),
    EventKind.CALL_IN: gettext_lazy("called since"),
    EventKind.VISIT: gettext_lazy("visited since"),
    EventKind.DEAL: gettext_lazy("has a deal since"),
    EventKind.GRADE: gettext_lazy("graded since"),
    facts_undo.MERGED: gettext_lazy("merged with another customer since"),
    facts_undo.ELSEWHERE: gettext_lazy("something else refers to it"),
    facts_undo.EDITED: gettext_lazy("the customer was corrected since"),
}


def _ranked(figures: dict[str, int]) -> Pairs:
    return sorted(figures.items(), key=lambda item: (-item[1], item[0]))
