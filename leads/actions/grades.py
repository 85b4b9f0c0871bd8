"""A project's own words for its grades (PX-11)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from crm.actions import audit
from crm.errors import RuleViolation
from crm.models import Project, User
from leads.models import GradeMeaning, Lead
from leads.registers.cells import read_stage
from leads.registers.texts import clean_line

LONGEST_WORD, MOST_WORDS = 20, 40


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one grade is called, when it is given, and how registers write it."""

    label: str = ""
    criteria: str = ""
    words: tuple[str, ...] = ()


@transaction.atomic
def save_meanings(*, project: Project, meanings: Mapping[str, Meaning], by: User, at: dt.datetime) -> None:
    """Keep the meaning of each grade given; an empty one goes back to the bare letter. Leads keep their grade."""
    list(Project.objects.select_for_update().filter(pk=project.pk))
    known: dict[str, str] = {}
    for grade, meaning in meanings.items():
        if grade not in Lead.Grade.values:
            raise RuleViolation(_("A grade is A, B, C or D."), "PX-11", "grade")
        words = _checked(grade, meaning.words, known)
        label, criteria = clean_line(meaning.label), meaning.criteria.strip()
        own = GradeMeaning.objects.filter(project=project, grade=grade)
        if not (label or criteria or words):
            own.delete()
            continue
        values = {"label": label, "criteria": criteria, "words": words, "edited_by": by, "edited_at": at}
        GradeMeaning.objects.update_or_create(project=project, grade=grade, defaults=values)
    audit.record("grades.defined", by=by, at=at, project=project, target="project", target_id=project.pk)


def _checked(grade: str, words: tuple[str, ...], known: dict[str, str]) -> list[str]:
    """The words as registers are read; each means one grade, and a purchaser is a stage, never a grade."""
    found = list(dict.fromkeys(word for word in map(_as_read, words) if word))
    field = f"words_{grade}"
    if len(found) > MOST_WORDS or any(len(word) > LONGEST_WORD for word in found):
        raise RuleViolation(
            _("At most %(words)d words of %(length)d characters each.")
            % {"words": MOST_WORDS, "length": LONGEST_WORD},
            "PX-11",
            field,
            code="too_long",
        )
    for word in found:
        if read_stage(word):
            raise RuleViolation(
                _("“%(word)s” is a stage, not a grade.") % {"word": word}, "PX-11", field, code="stage"
            )
        if known.setdefault(word, grade) != grade:
            raise RuleViolation(
                _("“%(word)s” means %(grade)s already.") % {"word": word, "grade": known[word]},
                "PX-11",
                field,
                code="two_grades",
            )
    return found


def _as_read(word: str) -> str:
    line = clean_line(word)
    return line.upper() if len(line) == 1 else line
