"""A project's own scripts and answers (SC-12); without a row the standard text holds."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from crm.errors import RuleViolation
from crm.models import Project, User
from leads import scripts
from leads.models import ObjectionAnswer, Script

LONGEST = 4000


def _check(text: str) -> str:
    text = text.strip()
    if unknown := scripts.unknown_fields(text):
        raise RuleViolation(
            _("There is no field %(names)s. Known fields: %(known)s.")
            % {
                "names": ", ".join(f"{{{name}}}" for name in unknown),
                "known": ", ".join(f"{{{name}}}" for name in scripts.FIELDS),
            },
            "SC-12",
            "text",
            code="unknown_field",
        )
    if len(text) > LONGEST:
        raise RuleViolation(_("The text is too long."), "SC-12", "text")
    return text


@transaction.atomic
def save_script(*, project: Project, clause: str, text: str, by: User, at: dt.datetime) -> None:
    """Keep the project's own script of a clause; an empty text goes back to the standard."""
    if clause not in scripts.SCRIPTS:
        raise RuleViolation(_("There is no script for this clause."), "SC-12")
    own = Script.objects.filter(project=project, clause=clause)
    if not (text := _check(text)) or text == scripts.SCRIPTS[clause]:
        own.delete()
        return
    Script.objects.update_or_create(
        project=project, clause=clause, defaults={"text": text, "edited_by": by, "edited_at": at}
    )


@transaction.atomic
def save_answer(*, project: Project, cause: str, text: str, by: User, at: dt.datetime) -> None:
    """Keep the project's own answer to an objection; an empty text goes back to the standard."""
    if cause not in scripts.ANSWERS:
        raise RuleViolation(_("There is no such objection."), "SC-12")
    own = ObjectionAnswer.objects.filter(project=project, cause=cause)
    if not (text := _check(text)) or text == scripts.ANSWERS[cause]:
        own.delete()
        return
    ObjectionAnswer.objects.update_or_create(
        project=project, cause=cause, defaults={"text": text, "edited_by": by, "edited_at": at}
    )
