"""The outbox: runs of messages, one narrow row for each message, its text apart. See docs/outbox.md.

A million rows pass through six states each, so `Message` carries nothing that does not change or is not searched by:
what is the same for a whole run stands on the run, what is said to one person stands in `MessageText` (insert-only),
what happened at the gateway in `Attempt`, `SentPart` and `Receipt`.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.models.customers import Customer
from crm.models.gateways import Gateway, GatewayTemplate
from crm.models.people import User
from crm.models.places import Project
from crm.rules_messages import ASIDE, RESERVED, RunKind, State


class SendRun(models.Model):
    """One order to send: a broadcast, a festival's greetings, a milestone's notices, one single message.

    What ordered it points here with a foreign key of its own. Only a `running` run is sent from.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        RUNNING = "running", _("running")
        PAUSED = "paused", _("paused")
        CANCELLED = "cancelled", _("cancelled")
        FINISHED = "finished", _("finished")

    KINDS = (
        (RunKind.SERVICE.value, _("service message")),
        (RunKind.FESTIVAL.value, _("festival greeting")),
        (RunKind.MILESTONE.value, _("milestone")),
        (RunKind.SALES.value, _("single message")),
        (RunKind.CLOSED_CARE.value, _("care after the deal")),
        (RunKind.BROADCAST.value, _("broadcast")),
        (RunKind.TEST.value, _("test")),
    )
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="send_runs")
    gateway = models.ForeignKey(Gateway, on_delete=models.PROTECT, related_name="runs")
    kind = models.CharField(_("kind"), max_length=12, choices=KINDS)
    priority = models.PositiveSmallIntegerField()
    title = models.CharField(_("title"), max_length=80)
    clause = models.CharField(_("clause"), max_length=12, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    marketing = models.BooleanField(_("marketing"))
    festival = models.CharField(_("festival"), max_length=20, blank=True)
    year = models.PositiveSmallIntegerField(_("year"), null=True, blank=True)
    # what every message of the run has in common
    body = models.TextField(_("text"), max_length=500)
    signature = models.CharField(_("SMS signature"), max_length=20)
    hotline = models.CharField(_("hotline"), max_length=30)
    consultant = models.CharField(_("consultant"), max_length=60, blank=True)
    opt_out = models.CharField(max_length=20, blank=True)
    template = models.ForeignKey(GatewayTemplate, on_delete=models.PROTECT, null=True, related_name="+")
    # when, how much, how often
    starts_at = models.DateTimeField(_("starts at"))
    expires_at = models.DateTimeField(_("expires at"))
    budget = models.PositiveIntegerField(_("pieces at most"), null=True, blank=True)
    a_day = models.PositiveSmallIntegerField(default=1)
    a_month = models.PositiveSmallIntegerField(default=4)
    at_least_once = models.BooleanField(_("may be sent twice rather than not at all"), default=False)
    halted = models.CharField(_("paused because"), max_length=16, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(_("created at"))
    planned_at = models.DateTimeField(_("planned at"), null=True)
    launched_at = models.DateTimeField(_("launched at"), null=True)
    launched_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(_("ended at"), null=True)

    class Meta:
        verbose_name = _("run of messages")
        verbose_name_plural = _("runs of messages")
        ordering = ("-id",)
        indexes = (
            models.Index(
                fields=["gateway", "priority", "id"], name="run_running", condition=Q(state="running")
            ),
            models.Index(fields=["project", "-id"], name="run_project"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=["draft", "running", "paused", "cancelled", "finished"]),
                name="run_state",
            ),
            models.CheckConstraint(condition=Q(kind__in=[kind.value for kind in RunKind]), name="run_kind"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("starts_at")), name="run_ends_after_start"),
        )

    def __str__(self) -> str:
        return self.title


class Message(models.Model):
    """One message of a run to one number, and where it stands (crm/rules_messages.py)."""

    STATES = tuple((state.value, state.value) for state in State)
    # No constraint in the database on the keys that a plan writes by the million: checking them one by one costs three
    # times the insert. Runs and customers are never deleted, and a text is inserted by the statement of its message.
    run = models.ForeignKey(
        SendRun, on_delete=models.CASCADE, related_name="messages", db_index=False, db_constraint=False
    )
    customer = models.ForeignKey(
        Customer,
        on_delete=models.PROTECT,
        null=True,
        related_name="messages",
        db_index=False,
        db_constraint=False,
    )
    channel = models.CharField(max_length=8, default="sms")
    to = models.CharField(max_length=32)
    state = models.CharField(max_length=14, choices=STATES)
    reason = models.CharField(max_length=16, blank=True)
    counts = models.BooleanField()  # towards the cap of SC-6
    unless_talked = models.BooleanField(default=False)  # SC-5.1: only if nobody reached them that day
    pieces = models.PositiveSmallIntegerField()
    attempts = models.PositiveSmallIntegerField(default=0)
    day = models.DateField()  # the project's day it is reserved for
    not_before = models.DateTimeField()
    changed_at = models.DateTimeField()
    owner = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = (
            models.Index(
                fields=["run", "not_before", "id"], name="message_queue", condition=Q(state="queued")
            ),
            models.Index(fields=["run", "not_before"], name="message_held", condition=Q(state="held")),
            models.Index(
                fields=["lease_until"], name="message_lease", condition=Q(state__in=["claimed", "sending"])
            ),
            models.Index(fields=["run", "changed_at"], name="message_unknown", condition=Q(state="unknown")),
            models.Index(fields=["changed_at"], name="message_accepted", condition=Q(state="accepted")),
            models.Index(
                fields=["customer", "day"],
                name="message_reserved",
                condition=Q(counts=True, state__in=sorted(state.value for state in RESERVED)),
            ),
            models.Index(fields=["customer", "-id"], name="message_customer"),
            models.Index(fields=["run", "id"], name="message_run"),
            models.Index(
                fields=["run", "state", "id"],
                name="message_aside",
                condition=Q(state__in=sorted(state.value for state in ASIDE)),
            ),
        )
        constraints = (
            models.UniqueConstraint(fields=("run", "channel", "to"), name="one_message_a_run_and_number"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in State]), name="message_state"
            ),
        )

    def __str__(self) -> str:
        return f"#{self.pk} {self.state}"


class MessageText(models.Model):
    """What one person is told beyond the run's common parts. Only inserted, never changed."""

    message = models.OneToOneField(
        Message, on_delete=models.CASCADE, primary_key=True, related_name="text", db_constraint=False
    )
    opening = models.CharField(max_length=40)
    consultant = models.CharField(max_length=60, blank=True)
    values = models.JSONField(null=True)

    class Meta:
        verbose_name = _("text of a message")
        verbose_name_plural = _("texts of messages")

    def __str__(self) -> str:
        return f"#{self.message_id}"


class Exclusion(models.Model):
    """Somebody of a run's audience who gets no message, and why."""

    run = models.ForeignKey(
        SendRun, on_delete=models.CASCADE, related_name="exclusions", db_index=False, db_constraint=False
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    reason = models.CharField(max_length=16)
    detail = models.CharField(max_length=40, blank=True)  # the field that is missing

    class Meta:
        verbose_name = _("left out of a run")
        verbose_name_plural = _("left out of a run")
        constraints = (models.UniqueConstraint(fields=("run", "customer"), name="exclusion_once"),)
        indexes = (models.Index(fields=["run", "reason", "id"], name="exclusion_reason"),)

    def __str__(self) -> str:
        return f"{self.run_id} · {self.reason}"


class GreetingKey(models.Model):
    """SC-5.1: one greeting for each customer, festival and year, across all projects and roles."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+", db_index=False)
    festival = models.CharField(max_length=20)
    year = models.PositiveSmallIntegerField()
    run = models.ForeignKey(SendRun, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("customer", "festival", "year"), name="one_greeting_a_festival"),
        )

    def __str__(self) -> str:
        return f"{self.festival} {self.year}"


class RunTally(models.Model):
    """How many messages and pieces of a run are in a state: a sum of changes, written by a trigger on Message.

    Every statement appends its differences (no two senders wait for one another); the tick folds them together.
    """

    run = models.ForeignKey(SendRun, on_delete=models.CASCADE, related_name="tallies", db_constraint=False)
    state = models.CharField(max_length=14)
    messages = models.IntegerField()
    pieces = models.IntegerField()

    class Meta:
        verbose_name = _("tally of a run")
        verbose_name_plural = _("tallies of runs")

    def __str__(self) -> str:
        return f"{self.run_id} · {self.state}"
