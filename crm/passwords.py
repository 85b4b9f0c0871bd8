"""The product's own rule for passwords, beside Django's (settings.AUTH_PASSWORD_VALIDATORS)."""

from __future__ import annotations

from django.contrib.auth.hashers import check_password
from django.contrib.auth.password_validation import MinimumLengthValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.actions.passwords import KEPT
from crm.models import PasswordRecord, User


class NotUsedBeforeValidator:
    """None of the last five. The present one counts among them."""

    def validate(self, password: str, user: User | None = None) -> None:
        if user is None or user.pk is None:
            return
        former = PasswordRecord.objects.filter(user=user).values_list("password", flat=True)[:KEPT]
        if any(check_password(password, known) for known in dict.fromkeys([user.password, *former])):
            raise ValidationError(self.get_help_text(), code="password_used_before")

    def get_help_text(self) -> str:
        return _("You had this password before. Choose one that is none of your last %(count)s.") % {
            "count": KEPT
        }


class LongEnoughValidator(MinimumLengthValidator):
    """Django's, with a text of ours: its own has no Chinese in 5.2."""

    def get_error_message(self) -> str:
        return _("This password is too short. It must contain at least %(count)s characters.") % {
            "count": self.min_length
        }
