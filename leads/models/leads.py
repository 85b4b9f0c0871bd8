"""Leads, what they care about, and what holds them back."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models import Customer, Household, Project, User
from leads.models.querysets import LeadQuerySet


class HeardVia(models.Model):
    """How a customer heard of the project (认知途径)."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="heard_via")
    name = models.CharField(_("name"), max_length=40)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("how heard")
        verbose_name_plural = _("how heard")
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("project", "name"), name="heard_via_once"),)

    def __str__(self) -> str:
        return self.name


class Lead(models.Model):
    """One party's interest in one project (PX-3).

    Everything below `# the plan` is a projection that `leads.actions.planning` writes from the history;
    nothing else may write it.
    """

    class Kind(models.TextChoices):
        ORDINARY = "ordinary", _("ordinary")
        LEADER_REFERRAL = "leader_referral", _("leader referral")
        VIP = "vip", _("VIP")

    class State(models.TextChoices):
        LIVE = "live", _("live")
        CLOSED = "closed", _("closed")
        LOST = "lost", _("lost")
        INVALID = "invalid", _("invalid")

    class Stage(models.TextChoices):
        CALLER = "caller", _("caller")
        VISITOR = "visitor", _("visitor")
        SUBSCRIBED = "subscribed", _("subscribed")
        SIGNED = "signed", _("signed")
        HANDED_OVER = "handed_over", _("handed over")

    class Grade(models.TextChoices):
        A = "A", "A"
        B = "B", "B"
        C = "C", "C"
        D = "D", "D"

    class Quality(models.TextChoices):
        QUALITY = "quality", _("quality")
        NOT_QUALITY = "not_quality", _("not of quality")

    # Users and projects are never deleted, so a key that points at one has an index only where a list asks for it;
    # what few rows have is indexed for those rows.
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="leads", db_index=False)
    household = models.ForeignKey(Household, on_delete=models.PROTECT, related_name="leads")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="leads", db_index=False)
    consultant = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="leads", db_index=False
    )
    stand_in = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    heard_via = models.ForeignKey(
        HeardVia, on_delete=models.PROTECT, null=True, blank=True, related_name="leads", db_index=False
    )
    wanted = models.CharField(_("wants"), max_length=80, blank=True)
    budget = models.CharField(_("budget"), max_length=40, blank=True)
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="merged_records",
        db_index=False,
    )
    batch = models.ForeignKey(
        "leads.ImportBatch",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="leads",
        db_index=False,
    )
    created_at = models.DateTimeField(_("registered at"))
    created_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    # the plan: written by leads.actions.planning only
    kind = models.CharField(_("kind"), max_length=16, choices=Kind, default=Kind.ORDINARY)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.LIVE)
    stage = models.CharField(_("stage"), max_length=12, choices=Stage, default=Stage.CALLER)
    grade = models.CharField(_("grade"), max_length=1, choices=Grade, blank=True)
    quality = models.CharField(_("quality"), max_length=12, choices=Quality, blank=True)
    is_key = models.BooleanField(_("key customer"), default=False)
    weekly = models.BooleanField(_("weekly because of an objection"), default=False)
    end_reason = models.CharField(_("reason"), max_length=40, blank=True)
    quiet_clause = models.CharField(max_length=12, blank=True)
    clause = models.CharField(_("clause"), max_length=12, blank=True)
    opens_at = models.DateTimeField(_("on the list from"), null=True)
    due_at = models.DateTimeField(_("due"), null=True)
    held_until = models.DateTimeField(_("held until"), null=True)
    held_reason = models.CharField(max_length=16, blank=True)
    review_clause = models.CharField(max_length=12, blank=True)
    review_due_at = models.DateTimeField(null=True)
    rejudge_at = models.DateTimeField(null=True)
    refusals = models.PositiveSmallIntegerField(_("refusals in a row"), default=0)
    visits = models.PositiveSmallIntegerField(_("visits"), default=0)
    last_talk_at = models.DateTimeField(_("last talk"), null=True)
    last_visit_at = models.DateTimeField(_("last visit"), null=True)
    planned_at = models.DateTimeField(null=True)

    objects = LeadQuerySet.as_manager()

    class Meta:
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        constraints = (
            models.UniqueConstraint(
                fields=("household", "project"),
                condition=Q(merged_into=None),
                name="one_lead_a_party_and_project",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["live", "closed", "lost", "invalid"]), name="lead_state"
            ),
            models.CheckConstraint(condition=Q(grade__in=["", "A", "B", "C", "D"]), name="lead_grade"),
            models.CheckConstraint(
                condition=~Q(state__in=["lost", "invalid"]) | ~Q(end_reason=""), name="lead_end_has_a_reason"
            ),
        )
        indexes = (
            models.Index(fields=["project", "-id"], name="lead_project", condition=Q(merged_into=None)),
            models.Index(fields=["consultant", "-id"], name="lead_consultant", condition=Q(merged_into=None)),
            models.Index(
                fields=["project", "due_at", "id"],
                name="lead_due",
                condition=Q(merged_into=None, state="live"),
            ),
            models.Index(
                fields=["project", "grade"],
                name="lead_grade_live",
                condition=Q(merged_into=None, state="live"),
            ),
            models.Index(
                fields=["project", "-created_at"],
                name="lead_pool",
                condition=Q(consultant=None, state="live", merged_into=None),
            ),
            models.Index(fields=["customer"], name="lead_customer"),
            models.Index(fields=["stand_in"], name="lead_stand_in", condition=Q(stand_in__isnull=False)),
            models.Index(fields=["heard_via"], name="lead_heard_via", condition=Q(heard_via__isnull=False)),
            models.Index(fields=["merged_into"], name="lead_merged", condition=Q(merged_into__isnull=False)),
            models.Index(fields=["batch"], name="lead_batch", condition=Q(batch__isnull=False)),
        )

    def __str__(self) -> str:
        return f"#{self.pk}"


class Interest(models.Model):
    """A selling point the lead cares about (关注点); `point` is a code of leads.vocabulary or free text."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="interests", db_index=False)
    point = models.CharField(_("point of interest"), max_length=40)
    noted_at = models.DateTimeField()
    noted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        verbose_name = _("point of interest")
        verbose_name_plural = _("points of interest")
        constraints = (models.UniqueConstraint(fields=("lead", "point"), name="interest_once_a_lead"),)

    def __str__(self) -> str:
        return self.point


class Objection(models.Model):
    """What holds the lead back (抗性), and when it was dissolved (化解)."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="objections", db_index=False)
    cause = models.CharField(_("cause"), max_length=24)
    note = models.CharField(_("note"), max_length=200, blank=True)
    raised_at = models.DateTimeField(_("raised at"))
    raised_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    dissolved_at = models.DateTimeField(_("dissolved at"), null=True, blank=True)
    dissolved_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        verbose_name = _("objection")
        verbose_name_plural = _("objections")
        ordering = ("raised_at", "id")
        indexes = (models.Index(fields=["lead"], name="objection_lead"),)
        constraints = (
            models.UniqueConstraint(
                fields=("lead", "cause"), condition=Q(dissolved_at=None), name="one_open_objection_a_cause"
            ),
        )

    def __str__(self) -> str:
        return self.cause
