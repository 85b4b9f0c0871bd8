"""The reviewed table of festivals, and what each project says on them (SC-5.1)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.models import Occasion, Project, User


class FestivalDay(models.Model):
    """One festival in one year: computed once, reviewed and corrected by people; the runtime reads only this row.

    `said_with` is derived from the days that are on (`campaigns.rules_festivals`) whenever one of them changes.
    """

    code = models.CharField(max_length=20)
    name = models.CharField(_("name"), max_length=20)
    name_en = models.CharField(max_length=40)
    computed_day = models.DateField(_("computed"))
    day = models.DateField(_("day"))
    on = models.BooleanField(_("greeted"))
    cheerful = models.BooleanField(default=True)
    said_with = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="includes"
    )
    occasion = models.OneToOneField(
        Occasion, on_delete=models.PROTECT, null=True, related_name="festival_day"
    )
    corrected_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    corrected_at = models.DateTimeField(_("corrected at"), null=True)
    reviewed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    reviewed_at = models.DateTimeField(_("reviewed at"), null=True)

    class Meta:
        verbose_name = _("festival day")
        verbose_name_plural = _("festival days")
        ordering = ("day", "id")
        indexes = (models.Index(fields=["day"], name="festival_day"),)
        constraints = (
            models.UniqueConstraint(fields=("code", "computed_day"), name="festival_once"),
            # SC-5.1: nothing cheerful is sent on 清明, so it is never greeted.
            models.CheckConstraint(condition=Q(on=False) | Q(cheerful=True), name="festival_on_is_cheerful"),
            models.CheckConstraint(condition=~Q(said_with=F("id")), name="festival_not_with_itself"),
            models.CheckConstraint(
                condition=Q(reviewed_by=None) | ~Q(reviewed_by=F("corrected_by")),
                name="festival_reviewed_by_another",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_by=None, reviewed_at=None)
                | Q(reviewed_by__isnull=False, reviewed_at__isnull=False),
                name="festival_review_is_dated",
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.day}"


class GreetingText(models.Model):
    """A project's own greeting for a festival (`code`, or `together`), used once another person approved it.

    At most one approved and one proposed text a project and festival; an approved one is replaced, never edited.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        APPROVED = "approved", _("approved")
        REPLACED = "replaced", _("replaced")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="greeting_texts")
    code = models.CharField(max_length=20)
    body = models.TextField(_("text"), max_length=300)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PROPOSED)
    prepared_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    prepared_at = models.DateTimeField(_("prepared at"))
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(_("approved at"), null=True)
    #: why a proposed one was sent back: its author writes it anew, nobody approves it so
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("greeting text")
        verbose_name_plural = _("greeting texts")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("project", "code", "state"),
                condition=Q(state__in=["proposed", "approved"]),
                name="greeting_text_once",
            ),
            models.CheckConstraint(
                condition=Q(state="proposed", approved_by=None) | Q(approved_by__isnull=False),
                name="greeting_text_approved_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("prepared_by")),
                name="greeting_text_two_people",
            ),
        )

    def __str__(self) -> str:
        return f"{self.project_id} · {self.code}"
