"""The one contact ledger over every channel (SC-6), occasions (SC-9), and notices to staff."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models.customers import Customer
from crm.models.people import User
from crm.models.places import Building, Project


class Occasion(models.Model):
    """A reason to call that is not the sale (SC-9); written by its owner, read by every call sheet."""

    class Kind(models.TextChoices):
        FESTIVAL = "festival", _("festival")
        OFFER = "offer", _("offer")
        MILESTONE = "milestone", _("milestone")
        WEATHER = "weather", _("weather")
        NEWS = "news", _("news")

    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, null=True, blank=True, related_name="occasions"
    )
    building = models.ForeignKey(Building, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    title = models.CharField(_("title"), max_length=80)
    text = models.TextField(_("what to say"), blank=True, max_length=1000)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"))
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("occasion")
        verbose_name_plural = _("occasions")
        ordering = ("starts_on", "id")
        indexes = (models.Index(fields=["project", "ends_on"], name="occasion_current"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_on__gte=models.F("starts_on")), name="occasion_ends_after_start"
            ),
            models.UniqueConstraint(
                fields=("project", "kind", "title", "starts_on"), name="occasion_once", nulls_distinct=False
            ),
        )

    def __str__(self) -> str:
        return self.title


# A duty of the day done by message, and a service message, are not marketing (crm/contact_cap.py).
MARKETING_SMS = (
    Q(channel="sms", direction="out", outcome="sent", voided_at=None)
    & ~Q(purpose="service")
    & ~Q(clause__in=["SC-1.1", "SC-2.1", "SC-3.1", "SC-4.1"])
)


class Contact(models.Model):
    """One try or conversation with a customer, over any channel and for any purpose.

    `effective` is derived from `outcome` by the action (PX-1) and checked by the database, never typed.
    """

    class Purpose(models.TextChoices):
        SALES = "sales", _("sales")
        FESTIVAL = "festival", _("festival")
        MILESTONE = "milestone", _("milestone")
        BROADCAST = "broadcast", _("broadcast")
        SERVICE = "service", _("service")

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="contacts", db_index=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="contacts", db_index=False)
    channel = models.CharField(_("channel"), max_length=12)
    direction = models.CharField(
        _("direction"), max_length=3, choices=(("in", _("incoming")), ("out", _("outgoing"))), default="out"
    )
    purpose = models.CharField(_("purpose"), max_length=12, choices=Purpose, default=Purpose.SALES)
    clause = models.CharField(_("clause"), max_length=12, blank=True)
    outcome = models.CharField(_("outcome"), max_length=20)
    effective = models.BooleanField(_("effective"))
    automatic = models.BooleanField(_("automatic"), default=False)
    at = models.DateTimeField(_("at"))
    recorded_at = models.DateTimeField(_("recorded at"))
    tapped_at = models.DateTimeField(_("number tapped at"), null=True, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="contacts", db_index=False)
    news = models.TextField(_("news"), blank=True, max_length=2000)
    questions = models.TextField(_("questions"), blank=True, max_length=2000)
    real_need = models.TextField(_("real need"), blank=True, max_length=2000)
    occasion = models.ForeignKey(
        Occasion, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    imported = models.BooleanField(default=False)
    submission = models.UUIDField(null=True, unique=True, editable=False)
    voided_at = models.DateTimeField(null=True, blank=True)
    doubtful = models.CharField(
        _("doubtful because"),
        max_length=12,
        blank=True,
        choices=(("untapped", _("number not tapped")), ("burst", _("more than 5 within 2 minutes"))),
    )
    accepted_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ("-at", "-id")
        indexes = (
            models.Index(fields=["customer", "-at"], name="contact_customer_at"),
            models.Index(fields=["by", "-recorded_at"], name="contact_by_recorded"),
            models.Index(fields=["customer", "at"], name="contact_marketing_sms", condition=MARKETING_SMS),
            models.Index(fields=["occasion"], name="contact_occasion", condition=Q(occasion__isnull=False)),
            models.Index(
                fields=["project", "recorded_at"],
                name="contact_doubtful",
                condition=~Q(doubtful="") & Q(accepted_by=None),
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(effective=False)
                | Q(outcome__in=["talked", "callback_arranged", "refused", "hung_up"]),
                name="contact_effective_follows_outcome",
            ),
        )

    def __str__(self) -> str:
        return f"{self.customer_id} · {self.channel} · {self.outcome}"


class Notice(models.Model):
    """Something a person should know, shown behind the bell; `key` makes a sweep that runs twice harmless."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notices", db_index=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    kind = models.CharField(_("kind"), max_length=32)
    key = models.CharField(max_length=120)
    params = models.JSONField(default=dict)
    url = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(_("created at"))
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(fields=["user", "-created_at"], name="notice_user"),
            models.Index(fields=["user"], name="notice_unread", condition=Q(read_at=None)),
        )
        constraints = (models.UniqueConstraint(fields=("user", "key"), name="notice_once"),)

    def __str__(self) -> str:
        return f"{self.user_id} · {self.kind}"
