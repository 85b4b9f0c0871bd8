"""Customers, their numbers, their party, and what they allow (PX-3, SC-7, SC-8)."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models.people import User
from crm.models.places import validate_windows
from crm.states import Preference, Salutation


class Household(models.Model):
    """A party (组): people who decide together and are called once (PX-3)."""

    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("party")
        verbose_name_plural = _("parties")

    def __str__(self) -> str:
        return f"#{self.pk}"


class Customer(models.Model):
    """One person. A merged record keeps its row and points at the one that lives on (PX-3)."""

    PREFERENCES = (
        (Preference.WELCOME.value, _("calls welcome")),
        (Preference.FEWER.value, _("fewer calls")),
        (Preference.MESSAGES_ONLY.value, _("messages only")),
        (Preference.DO_NOT_CONTACT.value, _("do not contact")),
    )
    SALUTATIONS = (
        (Salutation.MR.value, _("Mr")),
        (Salutation.MS.value, _("Ms")),
        (Salutation.UNKNOWN.value, _("unknown")),
    )
    household = models.ForeignKey(Household, on_delete=models.PROTECT, related_name="customers")
    name = models.CharField(_("name"), max_length=60)
    salutation = models.CharField(
        _("salutation"), max_length=8, choices=SALUTATIONS, default=Salutation.UNKNOWN.value
    )
    relation = models.CharField(_("relation in the party"), max_length=12, blank=True)
    preference = models.CharField(
        _("preference"), max_length=16, choices=PREFERENCES, default=Preference.WELCOME.value
    )
    windows = models.JSONField(_("contact windows"), null=True, blank=True, validators=[validate_windows])
    bigrams = ArrayField(models.CharField(max_length=4), default=list, editable=False)
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="merged_records",
        db_index=False,
    )
    created_at = models.DateTimeField(_("created at"))
    created_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        indexes = (
            GinIndex(fields=["bigrams"], name="customer_bigrams"),
            models.Index(
                fields=["merged_into"], name="customer_merged", condition=Q(merged_into__isnull=False)
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(preference__in=[value.value for value in Preference]), name="customer_preference"
            ),
            models.CheckConstraint(
                condition=Q(salutation__in=[value.value for value in Salutation]), name="customer_salutation"
            ),
        )

    def __str__(self) -> str:
        return self.name


class CustomerPhone(models.Model):
    """A number of a customer. `e164` (with ";ext=" for an extension) is unique among live ones (PX-3)."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="phones", db_index=False)
    e164 = models.CharField(_("number"), max_length=32)
    raw = models.CharField(_("as entered"), max_length=80)
    reversed = models.CharField(max_length=32, editable=False)
    is_main = models.BooleanField(_("main number"), default=False)
    live = models.BooleanField(default=True, editable=False)
    bad_since = models.DateTimeField(_("found wrong at"), null=True, blank=True)
    bad_reason = models.CharField(_("found wrong because"), max_length=16, blank=True)

    class Meta:
        verbose_name = _("phone number")
        verbose_name_plural = _("phone numbers")
        indexes = (
            models.Index(fields=["reversed"], name="phone_reversed", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["customer"], name="phone_customer"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("e164",), condition=Q(live=True), name="one_live_customer_a_number"
            ),
            models.UniqueConstraint(
                fields=("customer",), condition=Q(is_main=True, live=True), name="one_main_number_a_customer"
            ),
        )

    def __str__(self) -> str:
        return f"…{self.e164[-4:]}"


class Consent(models.Model):
    """What a customer agreed to: source, wording, time, by whom."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="consents")
    scope = models.CharField(
        _("scope"), max_length=16, choices=(("calls", _("calls")), ("marketing_sms", _("marketing SMS")))
    )
    source = models.CharField(_("source"), max_length=40)
    wording = models.TextField(_("wording"))
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ("-at",)

    def __str__(self) -> str:
        return f"{self.customer} · {self.scope}"


class OptOut(models.Model):
    """A customer's "no more": in force until lifted by a recorded consent."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="opt_outs")
    scope = models.CharField(
        _("scope"), max_length=16, choices=(("calls", _("calls")), ("marketing_sms", _("marketing SMS")))
    )
    source = models.CharField(_("source"), max_length=40)
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    lifted_by = models.ForeignKey(Consent, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # A stop of calls is carried into the customer's leads by a sweep of theirs; what the wish was before comes back.
    applied_at = models.DateTimeField(null=True, editable=False)
    lift_applied_at = models.DateTimeField(null=True, editable=False)
    wish_before = models.CharField(max_length=16, blank=True, editable=False)

    class Meta:
        verbose_name = _("opt-out")
        verbose_name_plural = _("opt-outs")
        ordering = ("-at",)
        constraints = (
            models.UniqueConstraint(
                fields=("customer", "scope"), condition=Q(lifted_by=None), name="one_open_opt_out_a_scope"
            ),
        )
        indexes = (
            models.Index(
                fields=["id"],
                name="opt_out_to_apply",
                condition=Q(scope="calls")
                & (Q(applied_at=None) | Q(lifted_by__isnull=False, lift_applied_at=None)),
            ),
        )

    def __str__(self) -> str:
        return f"{self.customer} · {self.scope}"
