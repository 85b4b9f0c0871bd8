"""Broadcasts and the audiences they are for."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from campaigns.rules_audiences import Audience, AudienceRefused, read
from crm.models import Project, SendRun, User


def validate_audience(value: object) -> None:
    """Refuse a filter that the product does not understand."""
    try:
        read(value)
    except AudienceRefused as refused:
        raise ValidationError(_("This is no filter: %(key)s."), params={"key": refused.key}) from None


class SavedAudience(models.Model):
    """A filter that somebody of marketing keeps under a name; everybody of the project's marketing may use it."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="audiences")
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=40)
    filter = models.JSONField(default=dict, validators=[validate_audience])
    saved_at = models.DateTimeField(_("saved at"))

    class Meta:
        verbose_name = _("saved audience")
        verbose_name_plural = _("saved audiences")
        ordering = ("name", "id")
        constraints = (models.UniqueConstraint(fields=("project", "name"), name="audience_name_once"),)

    def __str__(self) -> str:
        return self.name

    @property
    def audience(self) -> Audience:
        return read(self.filter)


class Broadcast(models.Model):
    """One text to an audience: written by marketing, rehearsed, approved by another person, then sent by the outbox.

    From `launched` on the run is the truth (running, paused, finished, cancelled). `asked_at` stands while a plan is
    wanted, `planned_at` when the rehearsal is complete; `summary` keeps its sums, so that no page counts a million.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        SUBMITTED = "submitted", _("waits for approval")
        APPROVED = "approved", _("scheduled")
        OVERDUE = "overdue", _("start missed")
        EXPIRED = "expired", _("too late, not sent")
        LAUNCHED = "launched", _("launched")
        CANCELLED = "cancelled", _("cancelled")

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="broadcasts")
    title = models.CharField(_("title"), max_length=40)
    body = models.TextField(_("text of the message"), max_length=300)
    filter = models.JSONField(default=dict, blank=True, validators=[validate_audience])
    starts_at = models.DateTimeField(_("starts at"))
    expires_at = models.DateTimeField(_("nothing goes out from"))
    budget = models.PositiveIntegerField(_("pieces at most"), null=True, blank=True)
    price = models.DecimalField(
        _("price of a piece (yuan)"), max_digits=6, decimal_places=4, null=True, blank=True
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    run = models.OneToOneField(SendRun, on_delete=models.PROTECT, null=True, related_name="broadcast")
    asked_at = models.DateTimeField(null=True)
    people = models.PositiveIntegerField(_("people of the audience"), null=True)
    planned_at = models.DateTimeField(_("rehearsed at"), null=True)
    summary = models.JSONField(default=dict)
    problem = models.CharField(_("what stands in the way"), max_length=300, blank=True)
    prepared_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    prepared_at = models.DateTimeField(_("prepared at"))
    writers = models.ManyToManyField(User, related_name="+")  # SC-13: none of them approves it
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(_("approved at"), null=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("broadcast")
        verbose_name_plural = _("broadcasts")
        ordering = ("-id",)
        indexes = (
            models.Index(fields=["project", "-id"], name="broadcast_project"),
            models.Index(fields=["starts_at"], name="broadcast_due", condition=Q(state="approved")),
            models.Index(
                fields=["asked_at"], name="broadcast_asked", condition=Q(state="draft", planned_at=None)
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "draft",
                        "submitted",
                        "approved",
                        "overdue",
                        "expired",
                        "launched",
                        "cancelled",
                    ]
                ),
                name="broadcast_state",
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("starts_at")), name="broadcast_ends_after"),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("prepared_by")), name="broadcast_two_people"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "overdue", "launched"]) | Q(approved_by__isnull=False),
                name="broadcast_approved_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["submitted", "approved", "overdue", "launched"])
                | Q(planned_at__isnull=False, run__isnull=False),
                name="broadcast_rehearsed",
            ),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def audience(self) -> Audience:
        return read(self.filter)

    @property
    def standing(self) -> str:
        """Where it stands: its own state until it is launched, its run's from then on."""
        return self.run.state if self.state == self.State.LAUNCHED and self.run is not None else self.state

    @property
    def standing_text(self) -> Any:
        """`standing` in words."""
        if self.state == self.State.LAUNCHED and self.run is not None:
            return self.run.get_state_display()
        return self.get_state_display()

    @property
    def being_planned(self) -> bool:
        """Whether the worker is asked for the rehearsal and has not finished it."""
        return self.asked_at is not None and self.planned_at is None and not self.problem

    @property
    def stage(self) -> str:
        """`standing`, and whether the rehearsal is still being made: when it changes, other deeds become possible."""
        return "planning" if self.being_planned else self.standing
