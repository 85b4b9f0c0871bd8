"""What happened at the gateways: attempts, accepted parts, receipts, inbound messages, and numbers to be left alone."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models.customers import Customer
from crm.models.gateways import Gateway
from crm.models.messages import Message
from crm.models.people import User
from crm.models.places import Project


class Attempt(models.Model):
    """One try to hand a message to a gateway; committed before the socket is touched."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="tries", db_index=False)
    n = models.PositiveSmallIntegerField()
    gateway = models.ForeignKey(
        Gateway, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=14, blank=True)
    code = models.CharField(max_length=32, blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        constraints = (models.UniqueConstraint(fields=("message", "n"), name="attempt_once"),)

    def __str__(self) -> str:
        return f"{self.message_id} · {self.n}"


class SentPart(models.Model):
    """One part that a gateway took, under the gateway's own id; receipts are joined by it."""

    gateway = models.ForeignKey(Gateway, on_delete=models.PROTECT, related_name="+", db_index=False)
    gateway_ref = models.CharField(max_length=64)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="parts")
    part = models.PositiveSmallIntegerField(default=1)
    of = models.PositiveSmallIntegerField(default=1)

    class Meta:
        verbose_name = _("part sent")
        verbose_name_plural = _("parts sent")
        constraints = (models.UniqueConstraint(fields=("gateway", "gateway_ref"), name="sent_part_once"),)

    def __str__(self) -> str:
        return self.gateway_ref


class Receipt(models.Model):
    """A gateway's word about one part. One that comes before the answer has no message yet and is joined later."""

    gateway = models.ForeignKey(Gateway, on_delete=models.PROTECT, related_name="+", db_index=False)
    gateway_ref = models.CharField(max_length=64)
    part = models.PositiveSmallIntegerField(default=1)
    status = models.CharField(max_length=12)
    code = models.CharField(max_length=32, blank=True)
    hint = models.CharField(
        max_length=48, blank=True
    )  # number:reference, for a message whose answer was never heard
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    message = models.ForeignKey(Message, on_delete=models.CASCADE, null=True, related_name="receipts")

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        indexes = (
            models.Index(
                fields=["gateway", "gateway_ref"], name="receipt_unjoined", condition=Q(message=None)
            ),
            models.Index(fields=["hint"], name="receipt_hint", condition=Q(message=None) & ~Q(hint="")),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("gateway", "gateway_ref", "part", "status"), name="one_receipt_a_part_and_status"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["delivered", "undelivered"]), name="receipt_status"
            ),
        )

    def __str__(self) -> str:
        return f"{self.gateway_ref} {self.status}"


class InboundMessage(models.Model):
    """A message from outside, once for each gateway id. What nobody needs to read has `handled_at` from the start."""

    class Meaning(models.TextChoices):
        OPT_OUT = "opt_out", _("opts out")
        OPT_OUT_IN_TEXT = "opt_out_in_text", _("opts out within a sentence")
        COMPLAINT = "complaint", _("complains")
        REPLY = "reply", _("reply")

    gateway = models.ForeignKey(Gateway, on_delete=models.PROTECT, related_name="+", db_index=False)
    gateway_ref = models.CharField(max_length=64)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    sender = models.CharField(max_length=32)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, related_name="inbound")
    answers = models.ForeignKey(Message, on_delete=models.SET_NULL, null=True, related_name="+")
    text = models.TextField(_("text"), max_length=1000)
    meaning = models.CharField(_("meaning"), max_length=16, choices=Meaning)
    at = models.DateTimeField(_("at"))
    received_at = models.DateTimeField()
    owner = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    handled_at = models.DateTimeField(_("done at"), null=True)
    handled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("inbound message")
        verbose_name_plural = _("inbound messages")
        ordering = ("-at", "-id")
        indexes = (
            models.Index(fields=["project", "-at", "-id"], name="inbound_open", condition=Q(handled_at=None)),
            models.Index(fields=["project", "-at", "-id"], name="inbound_all"),
            models.Index(fields=["owner", "-at", "-id"], name="inbound_owner", condition=Q(handled_at=None)),
            models.Index(fields=["sender", "-received_at"], name="inbound_sender"),
        )
        constraints = (models.UniqueConstraint(fields=("gateway", "gateway_ref"), name="inbound_once"),)

    def __str__(self) -> str:
        return f"{self.meaning} {self.at:%Y-%m-%d}"


class Suppression(models.Model):
    """A number that gets no marketing SMS, whoever has it: a reply from it, or a carrier's blacklist."""

    class Source(models.TextChoices):
        REPLY = "reply", _("reply from the number")
        BLACKLIST = "blacklist", _("carrier's blacklist")
        STAFF = "staff", _("entered by staff")

    number = models.CharField(max_length=32)
    source = models.CharField(_("source"), max_length=10, choices=Source)
    at = models.DateTimeField(_("at"))
    lifted_at = models.DateTimeField(_("lifted at"), null=True)

    class Meta:
        verbose_name = _("suppressed number")
        verbose_name_plural = _("suppressed numbers")
        constraints = (
            models.UniqueConstraint(
                fields=("number",), condition=Q(lifted_at=None), name="one_open_suppression_a_number"
            ),
        )

    def __str__(self) -> str:
        return f"…{self.number[-4:]}"
