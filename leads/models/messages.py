"""A consultant's single message to the customer of a lead: which run of the outbox carries it, and for which duty."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models import SendRun, User
from leads.models.leads import Lead
from leads.models.registers import LeadEvent
from leads.models.tasks import CallTask


class SingleMessage(models.Model):
    """The run holds text and fate (docs/outbox.md); `event` is what the lead's history says once it is accepted."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="single_messages")
    run = models.OneToOneField(SendRun, on_delete=models.PROTECT, related_name="+")
    task = models.ForeignKey(CallTask, on_delete=models.SET_NULL, null=True, related_name="single_messages")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(_("ordered at"))
    submission = models.UUIDField(null=True, unique=True, editable=False)
    event = models.OneToOneField(LeadEvent, on_delete=models.SET_NULL, null=True, related_name="+")
    #: its fate stands in the history, or it will have none
    settled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("single message")
        verbose_name_plural = _("single messages")
        indexes = (
            models.Index(fields=["lead", "-id"], name="single_message_lead"),
            models.Index(fields=["at"], name="single_message_open", condition=Q(event=None)),
        )

    def __str__(self) -> str:
        return f"{self.lead_id} · {self.at:%Y-%m-%d}"
