"""What happened to a lead: the registers of calls and visits, and the append-only history the plan is
derived from.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models import Contact, Unit, User
from leads.models.leads import HeardVia, Lead


class InboundCall(models.Model):
    """One line of the register of inbound calls (来电)."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="calls", db_index=False)
    at = models.DateTimeField(_("called at"))
    recorded_at = models.DateTimeField(_("entered at"))
    recorded_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    talked = models.BooleanField(_("a consultant took it and talked"), default=False)
    heard_via = models.ForeignKey(
        HeardVia, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    note = models.TextField(_("note"), blank=True, max_length=2000)
    submission = models.UUIDField(null=True, unique=True, editable=False)
    imported = models.BooleanField(default=False)
    voided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("inbound call")
        verbose_name_plural = _("inbound calls")
        ordering = ("-at", "-id")
        indexes = (
            models.Index(fields=["lead", "-at"], name="inbound_call_lead"),
            models.Index(
                fields=["heard_via"], name="inbound_call_heard_via", condition=Q(heard_via__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return f"{self.lead_id} · {self.at:%Y-%m-%d}"


class Visit(models.Model):
    """One line of the visit register (来访). Counted in parties, not in heads."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="visit_rows", db_index=False)
    at = models.DateTimeField(_("arrived at"))
    recorded_at = models.DateTimeField(_("entered at"))
    recorded_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    received_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    is_first = models.BooleanField(_("first visit"))
    party_size = models.PositiveSmallIntegerField(_("people"), null=True, blank=True)
    heard_via = models.ForeignKey(
        HeardVia, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    household_note = models.CharField(_("household"), max_length=120, blank=True)
    wanted_type = models.CharField(_("wanted type"), max_length=40, blank=True)
    wanted_area = models.CharField(_("wanted area"), max_length=40, blank=True)
    budget = models.CharField(_("budget"), max_length=40, blank=True)
    purpose = models.CharField(_("purpose"), max_length=40, blank=True)
    time_to_buy = models.CharField(_("time to buy"), max_length=40, blank=True)
    grade_reason = models.CharField(_("reason of the grade"), max_length=200, blank=True)
    units = models.ManyToManyField(Unit, related_name="visits", blank=True, verbose_name=_("units seen"))
    note = models.TextField(_("note"), blank=True, max_length=2000)
    submission = models.UUIDField(null=True, unique=True, editable=False)
    imported = models.BooleanField(default=False)
    voided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        ordering = ("-at", "-id")
        indexes = (
            models.Index(fields=["lead", "-at"], name="visit_lead"),
            models.Index(fields=["heard_via"], name="visit_heard_via", condition=Q(heard_via__isnull=False)),
        )

    def __str__(self) -> str:
        return f"{self.lead_id} · {self.at:%Y-%m-%d}"


class LeadEvent(models.Model):
    """One row of a lead's history; the plan is a fold over these rows (leads.rules).

    Append-only: a trigger refuses every change except moving a row to another lead (a merge). A mis-tap
    is annulled by a `void` row. `by` says who entered a row, of one that a load brought its batch does (see `author`).
    Shapes of `value`, `due`, `ref` by kind: see `leads.rules_types.Event`.
    """

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="events", db_index=False)
    kind = models.CharField(_("kind"), max_length=16)
    at = models.DateTimeField(_("at"))
    recorded_at = models.DateTimeField(_("entered at"))
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    value = models.CharField(max_length=40, blank=True)
    channel = models.CharField(max_length=12, blank=True)
    due = models.DateTimeField(null=True)
    appointment = models.DateTimeField(null=True)
    ref = models.BigIntegerField(null=True)
    contact = models.ForeignKey(
        Contact, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    call = models.ForeignKey(
        InboundCall, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    deal = models.ForeignKey(
        "leads.Deal", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    batch = models.ForeignKey(
        "leads.ImportBatch", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    imported = models.BooleanField(default=False)
    note = models.CharField(_("reason"), max_length=500, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ("at", "id")
        indexes = (
            models.Index(fields=["lead", "at", "id"], name="lead_event_order"),
            models.Index(fields=["contact"], name="lead_event_contact", condition=Q(contact__isnull=False)),
            # What few rows have is indexed for those rows only: this is the table that grows.
            models.Index(fields=["call"], name="lead_event_call", condition=Q(call__isnull=False)),
            models.Index(fields=["visit"], name="lead_event_visit", condition=Q(visit__isnull=False)),
            models.Index(fields=["deal"], name="lead_event_deal", condition=Q(deal__isnull=False)),
            models.Index(fields=["batch", "lead"], name="lead_event_batch", condition=Q(batch__isnull=False)),
        )

    def __str__(self) -> str:
        return f"{self.lead_id} · {self.kind} {self.value}"

    @property
    def author(self) -> User | None:
        """Who entered it. Rows of a load name somebody only when another than its uploader went on with it."""
        if self.by_id is None and self.batch is not None:
            return self.batch.uploaded_by
        return self.by


class MergeRecord(models.Model):
    """What a merge moved, so that it can be undone for 30 days (PX-3)."""

    winner = models.ForeignKey("crm.Customer", on_delete=models.PROTECT, related_name="+")
    loser = models.ForeignKey("crm.Customer", on_delete=models.PROTECT, related_name="+")
    moved = models.JSONField(default=dict)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    undone_at = models.DateTimeField(_("undone at"), null=True)
    undone_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        ordering = ("-at",)

    def __str__(self) -> str:
        return f"{self.loser_id} → {self.winner_id}"

    @property
    def kind(self) -> str:
        """Whether it was "merged" or "linked"; of records that do not say, only a merge moved the faces of leads."""
        return str(self.moved.get("kind") or ("merged" if "faces" in self.moved else "linked"))
