"""Deals and their dated steps (PX-9)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models import Unit, User
from leads.models.leads import Lead


class Deal(models.Model):
    """One purchase by one party. `step` is the newest approved step; the steps are the record."""

    class Step(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        SUBSCRIBED = "subscribed", _("subscribed")
        SIGNED = "signed", _("signed")
        HANDED_OVER = "handed_over", _("handed over")
        CANCELLED = "cancelled", _("cancelled")

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="deals")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="deals")
    unit_text = models.CharField(_("unit"), max_length=60, blank=True)
    step = models.CharField(_("step"), max_length=12, choices=Step, default=Step.PROPOSED)
    price = models.DecimalField(_("price (yuan)"), max_digits=12, decimal_places=2, null=True, blank=True)
    created_at = models.DateTimeField(_("created at"))
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("deal")
        verbose_name_plural = _("deals")
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("unit",),
                condition=Q(unit__isnull=False, step__in=["subscribed", "signed", "handed_over"]),
                name="one_running_deal_a_unit",
            ),
            models.CheckConstraint(
                condition=Q(step__in=["proposed", "subscribed", "signed", "handed_over", "cancelled"]),
                name="deal_step",
            ),
        )

    def __str__(self) -> str:
        return f"{self.lead_id} · {self.step}"


class DealStep(models.Model):
    """One dated step. What a consultant proposes counts only once another person approves it."""

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="steps")
    step = models.CharField(_("step"), max_length=12, choices=Deal.Step)
    at = models.DateTimeField(_("happened at"))
    entered_at = models.DateTimeField(_("entered at"))
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    declined_at = models.DateTimeField(_("declined at"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("deal step")
        verbose_name_plural = _("deal steps")
        ordering = ("at", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("deal", "step"), condition=Q(declined_at=None), name="deal_step_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.deal_id} · {self.step}"
