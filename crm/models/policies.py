"""Versions of the cadence policy: prepared, reviewed and approved by three people, with dates (SC-13)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.models.people import User
from crm.models.places import Project


class PolicyVersion(models.Model):
    """One version. An approved one is frozen (a trigger in the database refuses changes) and only
    followed by another.

    The first version of a project (`prepared_by` empty) is the written procedure itself.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        REVIEWED = "reviewed", _("reviewed")
        APPROVED = "approved", _("approved")
        WITHDRAWN = "withdrawn", _("withdrawn")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="policy_versions")
    kind = models.CharField(max_length=12, default="cadence")
    number = models.PositiveIntegerField(_("version"))
    values = models.JSONField(_("values"), default=dict)
    reason = models.TextField(_("reason"), blank=True, max_length=1000)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    prepared_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    prepared_at = models.DateTimeField(_("prepared at"))
    reviewed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reviewed_at = models.DateTimeField(_("reviewed at"), null=True, blank=True)
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)
    effective_from = models.DateTimeField(_("effective from"), null=True, blank=True)
    replanned_at = models.DateTimeField(_("plans recomputed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("policy version")
        verbose_name_plural = _("policy versions")
        ordering = ("project", "-number")
        constraints = (
            models.UniqueConstraint(fields=("project", "kind", "number"), name="policy_number_once"),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "reviewed", "approved", "withdrawn"]), name="policy_state"
            ),
            models.CheckConstraint(
                condition=(Q(reviewed_by=None) | ~Q(reviewed_by=F("prepared_by")))
                & (
                    Q(approved_by=None)
                    | (~Q(approved_by=F("prepared_by")) & ~Q(approved_by=F("reviewed_by")))
                ),
                name="policy_three_different_people",
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | Q(effective_from__isnull=False),
                name="policy_approved_has_a_date",
            ),
            models.CheckConstraint(
                condition=~Q(state="approved")
                | Q(prepared_by=None)
                | Q(reviewed_by__isnull=False, approved_by__isnull=False),
                name="policy_approved_is_signed",
            ),
        )

    def __str__(self) -> str:
        return f"v{self.number}"
