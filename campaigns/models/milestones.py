"""Milestones of a project (SC-5.2), their corrections, and the guests of an event plan (SC-3.2)."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from campaigns.rules_milestones import Kind, Referrals
from crm.models import Building, Message, Occasion, Project, SendRun, User
from leads.models import Lead


class Milestone(models.Model):
    """Something of a project that its customers are told: prepared by marketing, approved by another person.

    An approved one is told from `notice_day` on; its occasion stands on the call sheets from then until the day itself.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        SUBMITTED = "submitted", _("waits for approval")
        APPROVED = "approved", _("approved")
        CANCELLED = "cancelled", _("cancelled")

    KINDS = (
        (Kind.OPENING.value, _("opening")),
        (Kind.PROMOTION.value, _("promotion event")),
        (Kind.TOPPING_OUT.value, _("topping out")),
        (Kind.HANDOVER.value, _("handover")),
        (Kind.SHOW_FLAT.value, _("show flat opening")),
        (Kind.CONSTRUCTION.value, _("construction progress")),
        (Kind.DISCOUNT.value, _("discount")),
        (Kind.EVENT.value, _("event for customers")),
    )
    REFERRALS = (
        (Referrals.CALL.value, _("by phone")),
        (Referrals.SMS.value, _("by message")),
        (Referrals.NOT.value, _("not at all")),
    )
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="milestones")
    kind = models.CharField(_("kind"), max_length=12, choices=KINDS)
    title = models.CharField(_("title"), max_length=40)
    body = models.TextField(_("text of the message"), max_length=300)
    day = models.DateField(_("day"))
    notice_day = models.DateField(_("told from"))
    buildings = models.ManyToManyField(Building, related_name="+", blank=True)
    photo = models.CharField(max_length=60, blank=True)
    # who is told how
    grades = ArrayField(models.CharField(max_length=1), default=list)
    to_callers = models.BooleanField(_("callers who have not visited"), default=True)
    to_buyers = models.BooleanField(_("buyers and owners"), default=True)
    key_calls = models.BooleanField(_("key customers by phone first"), default=True)
    referrals = models.CharField(
        _("leader referrals"), max_length=4, choices=REFERRALS, default=Referrals.CALL.value
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    occasion = models.OneToOneField(Occasion, on_delete=models.PROTECT, null=True, related_name="milestone")
    run = models.OneToOneField(SendRun, on_delete=models.PROTECT, null=True, related_name="milestone")
    calls = models.PositiveIntegerField(_("calls planned"), default=0)
    problem = models.CharField(_("why it is not planned"), max_length=300, blank=True)
    planned_at = models.DateTimeField(_("planned at"), null=True)
    prepared_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    prepared_at = models.DateTimeField(_("prepared at"))
    writers = models.ManyToManyField(User, related_name="+")  # SC-13: none of them approves it
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(_("approved at"), null=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("milestone")
        verbose_name_plural = _("milestones")
        ordering = ("-day", "-id")
        indexes = (
            models.Index(fields=["project", "-day", "-id"], name="milestone_project"),
            models.Index(fields=["notice_day"], name="milestone_notice", condition=Q(state="approved")),
        )
        constraints = (
            models.CheckConstraint(condition=Q(notice_day__lte=F("day")), name="milestone_told_before"),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("prepared_by")), name="milestone_two_people"
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | Q(approved_by__isnull=False),
                name="milestone_approved_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state="cancelled") | ~Q(reason=""), name="milestone_cancelled_has_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "submitted", "approved", "cancelled"]), name="milestone_state"
            ),
        )

    def __str__(self) -> str:
        return self.title


class Correction(models.Model):
    """A second message to those who had the notice: the day has moved, or it does not take place (SC-5.2)."""

    milestone = models.ForeignKey(Milestone, on_delete=models.CASCADE, related_name="corrections")
    was = models.DateField(_("was on"))
    becomes = models.DateField(_("is on"), null=True)
    body = models.TextField(_("text of the message"), max_length=300)
    run = models.OneToOneField(SendRun, on_delete=models.PROTECT, null=True, related_name="correction")
    #: the run of the notice that it corrects; who is told afterwards gets the right day at once
    notice = models.ForeignKey(SendRun, on_delete=models.PROTECT, null=True, related_name="+")
    prepared_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    prepared_at = models.DateTimeField(_("prepared at"))
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(_("approved at"), null=True)
    declined_at = models.DateTimeField(_("declined at"), null=True)

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("milestone",),
                condition=Q(approved_at=None, declined_at=None),
                name="one_waiting_correction_a_milestone",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("prepared_by")), name="correction_two_people"
            ),
        )

    def __str__(self) -> str:
        return f"{self.milestone_id}: {self.was} > {self.becomes}"

    @property
    def waits(self) -> bool:
        """Nobody has decided about it yet."""
        return self.approved_at is None and self.declined_at is None


class Invitation(models.Model):
    """One guest of an event plan (SC-3.2): invited, answered, arrived."""

    #: what became of an invitation by message, where a page asks (facts_milestones.plan_of)
    message: Message | None = None
    left: str = ""

    class Means(models.TextChoices):
        CALL = "call", _("by phone")
        SMS = "sms", _("by message")
        IN_PERSON = "person", _("in person")

    class Answer(models.TextChoices):
        YES = "yes", _("comes")
        MAYBE = "maybe", _("perhaps")
        NO = "no", _("does not come")

    milestone = models.ForeignKey(Milestone, on_delete=models.PROTECT, related_name="invitations")
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="invitations")
    means = models.CharField(_("invited"), max_length=6, choices=Means)
    run = models.ForeignKey(SendRun, on_delete=models.PROTECT, null=True, related_name="invitations")
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField(_("invited at"))
    answer = models.CharField(_("answer"), max_length=5, choices=Answer, blank=True)
    guests = models.PositiveSmallIntegerField(_("people"), default=1)
    answered_at = models.DateTimeField(_("answered at"), null=True)
    arrived_at = models.DateTimeField(_("arrived at"), null=True)
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("milestone", "lead"), name="invited_once"),
            models.CheckConstraint(
                condition=Q(answer="", answered_at=None) | (~Q(answer="") & Q(answered_at__isnull=False)),
                name="invitation_answer_is_dated",
            ),
            models.CheckConstraint(condition=Q(guests__gte=1, guests__lte=50), name="invitation_people"),
        )

    def __str__(self) -> str:
        return f"{self.milestone_id} · {self.lead_id}"
