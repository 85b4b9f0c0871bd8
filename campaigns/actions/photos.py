"""The photo of a milestone: sniffed by its bytes, stored under a random name."""

from __future__ import annotations

import datetime as dt
import secrets
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.models import Milestone
from campaigns.rules_photos import MOST, dots, sniff
from crm.actions import audit
from crm.errors import RuleViolation
from crm.models import User

LARGEST = 5 * 1024 * 1024  # bytes
FOLDER = "milestones"
TYPES = {"png": "image/png", "jpg": "image/jpeg"}


def path_of(name: str) -> Path:
    """Where a stored photo lies."""
    return Path(settings.MEDIA_ROOT) / FOLDER / name


@transaction.atomic
def attach_photo(*, milestone_id: int, content: bytes, by: User, at: dt.datetime) -> Milestone:
    """Store a photo of a milestone in place of the one it had."""
    row = Milestone.objects.select_for_update(of=("self",)).select_related("project").get(pk=milestone_id)
    ending = sniff(content)
    if len(content) > LARGEST:
        raise RuleViolation(_("A photo has 5 MB at the most."), "SC-5.2", "photo", code="too_large")
    size = dots(content) if ending else 0
    if not size:
        raise RuleViolation(_("Choose a photo: PNG or JPEG."), "SC-5.2", "photo", code="no_photo")
    if size > MOST:
        raise RuleViolation(
            _("A photo has %(most)d million dots at the most; take a smaller one.") % {"most": MOST // 1_000_000},
            "SC-5.2", "photo", code="too_many_dots",
        )  # fmt: skip
    name = f"{secrets.token_hex(16)}.{ending}"
    target = path_of(name)
    target.parent.mkdir(0o700, parents=True, exist_ok=True)
    with target.open("xb") as file:
        target.chmod(0o600)
        file.write(content)
    old, row.photo = row.photo, name
    row.save(update_fields=["photo"])
    if old:
        # Only once the new name is stored: a rollback must not leave a row that names a file that is gone.
        transaction.on_commit(lambda: path_of(old).unlink(missing_ok=True))
    audit.record("milestone.photo", by=by, at=at, project=row.project, target="milestone", target_id=row.pk)
    return row
