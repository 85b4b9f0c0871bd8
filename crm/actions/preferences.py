"""What users choose for themselves."""

from __future__ import annotations

from crm.models import User


def set_language(*, by: User, language: str) -> None:
    """Remember the user's language, a code of settings.LANGUAGES, for the next sign-in on any device."""
    User.objects.filter(pk=by.pk).update(language=language)
