"""Duties that stand on somebody's list, and the draws of PX-14."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models import Occasion, PolicyVersion, User
from leads.models.leads import Lead
from leads.models.querysets import CallTaskQuerySet
from leads.models.registers import LeadEvent
from leads.rules_due import SAME_DAY

OF_THE_CADENCE = ("cadence", "promise", "grade", "repair")
OF_AN_OCCASION = ("greeting", "milestone")


class CallTask(models.Model):
    """One duty towards one lead: made, moved and closed only by `leads.actions.planning` from the derived
    plan.

    Key across recomputations: (lead, kind, clause, base_event). `due_at` is what the clause says and what
    compliance counts;
    `list_day` is the day it stands on a list (rest days, capacity, cap), never a reason to count it in time.
    A greeting or milestone call comes from an occasion instead of an event (SC-5): `leads.actions.occasion_calls`.
    """

    class Kind(models.TextChoices):
        CADENCE = "cadence", _("call of the cadence")
        PROMISE = "promise", _("promised callback")
        GREETING = "greeting", _("greeting")
        MILESTONE = "milestone", _("milestone")
        GRADE = "grade", _("grade")
        REPAIR = "repair", _("data repair")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        DONE = "done", _("done")
        MISSED = "missed", _("missed")
        SUPERSEDED = "superseded", _("superseded")

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="tasks", db_index=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.CADENCE)
    clause = models.CharField(_("clause"), max_length=12)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    channel = models.CharField(
        max_length=8, choices=(("phone", _("call")), ("message", _("message"))), default="phone"
    )
    base_event = models.ForeignKey(
        LeadEvent, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    policy = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+", db_index=False)
    occasion = models.ForeignKey(
        Occasion, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    why = models.JSONField(default=dict)
    opens_at = models.DateTimeField(_("opens"))
    due_at = models.DateTimeField(_("due"))
    credit = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    assignee = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="tasks", db_index=False
    )
    list_day = models.DateField(_("on the list of"))
    moved_reason = models.CharField(max_length=16, blank=True)
    held_until = models.DateTimeField(_("held until"), null=True, blank=True)
    held_reason = models.CharField(max_length=16, blank=True)
    gave_way = models.PositiveSmallIntegerField(_("times given way"), default=0)
    gave_way_on = models.DateField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    next_try_at = models.DateTimeField(_("next try"), null=True, blank=True)
    first_try_at = models.DateTimeField(_("first try"), null=True, blank=True)
    excused = models.CharField(_("excused by"), max_length=10, blank=True)
    created_at = models.DateTimeField(_("created at"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    closed_by_event = models.ForeignKey(
        LeadEvent, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    objects = CallTaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        constraints = (
            models.UniqueConstraint(
                fields=("lead", "kind"),
                condition=Q(state="open", kind__in=OF_THE_CADENCE),
                name="one_open_task_a_lead_and_kind",
            ),
            models.UniqueConstraint(
                fields=("lead", "occasion"),
                condition=Q(occasion__isnull=False),
                name="one_task_a_lead_and_occasion",
            ),
            models.CheckConstraint(
                condition=Q(occasion=None, base_event__isnull=False, kind__in=OF_THE_CADENCE)
                | Q(occasion__isnull=False, base_event=None, kind__in=OF_AN_OCCASION),
                name="task_has_one_origin",
            ),
            models.UniqueConstraint(
                # Calls of occasions have no base event, and nulls never collide: so it serves look-ups by lead too.
                fields=("lead", "kind", "clause", "base_event"),
                name="task_key",
                # Replanning reads how each duty ended: from here, for a lead's rows lie far apart in the table.
                include=("state", "closed_by_event"),
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at=None) | (~Q(state="open") & Q(closed_at__isnull=False)),
                name="task_closed_has_a_moment",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "done", "missed", "superseded"]), name="task_state"
            ),
            models.CheckConstraint(
                condition=Q(held_until=None) | ~Q(held_reason=""), name="task_held_has_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(due_at__gte=models.F("opens_at")), name="task_due_after_opening"
            ),
        )
        indexes = (
            models.Index(fields=["assignee", "list_day"], name="task_today", condition=Q(state="open")),
            models.Index(
                fields=["closed_by_event"],
                name="task_closed_by",
                condition=Q(closed_by_event__isnull=False),
            ),
            models.Index(
                fields=["occasion", "state"], name="task_occasion", condition=Q(occasion__isnull=False)
            ),
            models.Index(fields=["due_at"], name="task_due", condition=Q(state="open")),
            models.Index(
                fields=["list_day"],
                name="task_by_message",
                condition=Q(state="open", channel="message", held_until=None),
            ),
            models.Index(fields=["assignee", "closed_at"], name="task_done", condition=Q(state="done")),
            models.Index(
                fields=["due_at"],
                name="task_same_day",
                condition=Q(state="open", clause__in=sorted(SAME_DAY)),
            ),
        )

    def __str__(self) -> str:
        return f"{self.lead_id} · {self.clause} · {self.due_at:%Y-%m-%d}"


class DowngradeReview(models.Model):
    """One downgrade drawn by seed for the manager's review (PX-14); an auditor can redraw it from `seed`."""

    event = models.OneToOneField(LeadEvent, on_delete=models.CASCADE, related_name="downgrade_review")
    seed = models.CharField(max_length=40)
    drawn_at = models.DateTimeField(_("drawn at"))
    verdict = models.CharField(
        _("verdict"),
        max_length=10,
        blank=True,
        choices=(("agreed", _("agreed")), ("rejected", _("rejected"))),
    )
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided at"), null=True)
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("drawn downgrade")
        verbose_name_plural = _("drawn downgrades")
        ordering = ("-drawn_at",)

    def __str__(self) -> str:
        return f"{self.event_id}"
