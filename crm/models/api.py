"""What the API keeps: tokens without their secrets, and the answers to requests that may come twice."""

from __future__ import annotations

import datetime as dt

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.models.people import User
from crm.rules_tokens import MOST_DAYS


class ApiTokenQuerySet(models.QuerySet):
    def live(self, at: dt.datetime) -> ApiTokenQuerySet:
        """Tokens that open anything now: not revoked, not expired, and their owner still has an account."""
        return self.filter(revoked_at=None, expires_at__gt=at, owner__is_active=True)


class ApiToken(models.Model):
    """A key to the API that may do at most what its owner may. The secret itself is shown once and not kept."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    label = models.CharField(_("what it is for"), max_length=60)
    prefix = models.CharField(_("begins with"), max_length=16)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=20), verbose_name=_("may"))
    created_at = models.DateTimeField(_("made at"))
    expires_at = models.DateTimeField(_("expires"))
    last_used_at = models.DateTimeField(_("last used"), null=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True)
    revoked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ("-created_at", "-id")
        constraints = (
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at"))
                & Q(expires_at__lte=F("created_at") + dt.timedelta(days=MOST_DAYS)),
                name="api_token_expires_within_a_year",
            ),
        )

    def __str__(self) -> str:
        return f"{self.prefix}… {self.label}"


class KeptAnswer(models.Model):
    """The answer to one request with an Idempotency-Key: the same request again gets it again."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("owner", "key"), name="kept_answer_once"),)
        indexes = (models.Index(fields=["at"], name="kept_answer_at"),)

    def __str__(self) -> str:
        return self.key
