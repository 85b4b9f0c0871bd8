"""A project's own wording of scripts and answers (SC-12); resetting goes back to the standard text."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from crm.actions import audit
from crm.errors import RuleViolation
from crm.models import Project, User
from leads import scripts
from leads.models import ObjectionAnswer, Script

LONGEST = 4000
#: what can be edited: the model, its key column, the standard texts
KINDS: dict[str, tuple[Any, str, Any]] = {
    "script": (Script, "clause", scripts.SCRIPTS),
    "answer": (ObjectionAnswer, "cause", scripts.ANSWERS),
}


@transaction.atomic
def save(*, project: Project, kind: str, key: str, text: str, by: User, at: dt.datetime) -> None:
    """Keep the project's own text; {fields} that nothing fills in are refused."""
    model, column, standard = KINDS[kind]
    cleaned = text.replace("\r\n", "\n").strip()
    if key not in standard:
        raise RuleViolation(_("There is no such text."), "SC-12")
    if not cleaned or len(cleaned) > LONGEST:
        raise RuleViolation(_("Write the text, or reset it to the standard one."), "SC-12", "text")
    if unknown := scripts.unknown_fields(cleaned):
        names = ", ".join(f"{{{name}}}" for name in unknown)
        raise RuleViolation(_("Nothing fills in: %(names)s.") % {"names": names}, "SC-12", "text")
    model.objects.update_or_create(
        project=project, **{column: key}, defaults={"text": cleaned, "edited_by": by, "edited_at": at}
    )
    audit.record("script.saved", by=by, at=at, project=project, kind=kind, key=key)


@transaction.atomic
def reset(*, project: Project, kind: str, key: str, by: User, at: dt.datetime) -> None:
    """Go back to the standard text."""
    model, column, _standard = KINDS[kind]
    gone, _each = model.objects.filter(project=project, **{column: key}).delete()
    if gone:
        audit.record("script.reset", by=by, at=at, project=project, kind=kind, key=key)
