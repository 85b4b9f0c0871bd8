"""The grades of a project in its own words (PX-11), for forms and for reading registers. One query each."""

from __future__ import annotations

from typing import Any

from leads.models import GradeMeaning, Lead


def meanings(project_id: int) -> dict[str, GradeMeaning]:
    """Grade to its meaning, for the grades that have one."""
    return {row.grade: row for row in GradeMeaning.objects.filter(project=project_id)}


def register_words(project_id: int) -> dict[str, str]:
    """How registers write each grade in this project: word, or another company's letter, to grade."""
    rows = GradeMeaning.objects.filter(project=project_id).values_list("grade", "words")
    return {word: grade for grade, words in rows for word in words}


def explain_field(field: Any, project_id: int) -> None:
    """Let a choice of grades say what the letters mean here, where the project has said so."""
    said = meanings(project_id)
    if not said:
        return
    labels = {grade: row.label for grade, row in said.items() if row.label}
    field.choices = [
        (code, f"{label} · {labels[code]}" if code in labels else label) for code, label in field.choices
    ]
    criteria = [
        f"{grade}: {said[grade].criteria}"
        for grade in Lead.Grade.values
        if grade in said and said[grade].criteria
    ]
    field.help_text = " / ".join(criteria)
