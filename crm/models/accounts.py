"""What belongs to signing in: the history of it, the open sessions, the passwords that were."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models.people import User


class LoginEvent(models.Model):
    """One line of the login history. It only grows; the sweep of old lines apart, which a trigger watches.

    `user` is empty when the name that was tried is nobody's: the name itself is not kept, because people type
    passwords and telephone numbers there.
    """

    class Kind(models.TextChoices):
        SUCCESS = "success", _("signed in")
        FAILED = "failed", _("wrong password")
        LOCKED = "locked", _("locked after too many tries")
        FACTOR_FAILED = "factor_failed", _("wrong one-time code")
        CODE_USED = "code_used", _("recovery code used")
        SIGNED_OUT = "signed_out", _("signed out")
        SESSION_ENDED = "session_ended", _("another device signed out")
        PASSWORD_CHANGED = "password_changed", _("password changed")
        PASSWORD_RESET = "password_reset", _("password set by an administrator")
        FACTOR_ON = "factor_on", _("second factor set up")
        FACTOR_OFF = "factor_off", _("second factor removed")
        FACTOR_RESET = "factor_reset", _("second factor reset by an administrator")
        CODES_MADE = "codes_made", _("new recovery codes made")
        UNLOCKED = "unlocked", _("unlocked by an administrator")
        SWITCHED_OFF = "switched_off", _("account switched off")

    at = models.DateTimeField(_("at"))
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="login_events")
    kind = models.CharField(_("what happened"), max_length=20, choices=Kind)
    address = models.CharField(_("from"), max_length=45, blank=True)
    device = models.CharField(_("device"), max_length=60, blank=True)
    device_key = models.CharField(max_length=64, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("line of the login history")
        verbose_name_plural = _("login history")
        ordering = ("-at", "-id")
        indexes = (
            models.Index(fields=["user", "-at", "-id"], name="login_event_user"),
            models.Index(fields=["-at", "-id"], name="login_event_at"),
        )
        constraints = (
            models.CheckConstraint(
                condition=models.Q(
                    kind__in=[
                        "success", "failed", "locked", "factor_failed", "code_used", "signed_out",
                        "session_ended", "password_changed", "password_reset", "factor_on", "factor_off",
                        "factor_reset", "codes_made", "unlocked", "switched_off",
                    ]
                ),
                name="login_event_kind",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.at} {self.user} {self.kind}"


class AccountSession(models.Model):
    """One place where somebody is signed in. The session itself is Django's; this says whose and where."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="account_sessions")
    session_key = models.CharField(max_length=40, unique=True)
    address = models.CharField(_("from"), max_length=45, blank=True)
    device = models.CharField(_("device"), max_length=60, blank=True)
    signed_in_at = models.DateTimeField(_("signed in"))
    seen_at = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        ordering = ("-seen_at", "-id")
        indexes = (models.Index(fields=["user", "-seen_at", "-id"], name="account_session_user"),)

    def __str__(self) -> str:
        return f"{self.user} · {self.device}"


class PasswordRecord(models.Model):
    """A password that somebody had, hashed as it was, so that it is not taken again at once."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="password_records")
    password = models.CharField(max_length=128)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("former password")
        verbose_name_plural = _("former passwords")
        ordering = ("-at", "-id")
        indexes = (models.Index(fields=["user", "-at", "-id"], name="password_record_user"),)

    def __str__(self) -> str:
        return f"{self.user} · {self.at}"
