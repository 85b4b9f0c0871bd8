"""Users, their roles in a project, areas, and the shift calendar (PX-7)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from crm.roles import Role


class User(AbstractUser):
    """A member of staff. `name` is what registers and screens call the person."""

    name = models.CharField(_("name"), max_length=60)
    mobile = models.CharField(_("mobile"), max_length=20, blank=True)
    aliases = ArrayField(
        models.CharField(max_length=60),
        default=list,
        blank=True,
        verbose_name=_("also called"),
        help_text=_("Other spellings of this name in imported registers."),
    )
    language = models.CharField(_("language"), max_length=10, blank=True)
    must_change_password = models.BooleanField(_("must change the password"), default=False)
    sessions_mark = models.CharField(max_length=32, blank=True)
    first_name: Any = None
    last_name: Any = None

    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name or self.username

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must carry to be this user's.

        Django looks at it on every request, so a new `sessions_mark` ends all sessions at once, whatever a
        cache still holds of them. So does a new password.
        """
        return salted_hmac(
            "crm.models.User.session",
            f"{self.password}|{self.sessions_mark}",
            secret=secret,
            algorithm="sha256",
        ).hexdigest()

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)


class Area(models.Model):
    """A named set of buildings with its administrators (片区)."""

    project = models.ForeignKey("crm.Project", on_delete=models.PROTECT, related_name="areas")
    name = models.CharField(_("name"), max_length=60)
    buildings = models.ManyToManyField("crm.Building", related_name="areas", blank=True)

    class Meta:
        verbose_name = _("area")
        verbose_name_plural = _("areas")
        ordering = ("project", "name")
        constraints = (models.UniqueConstraint(fields=("project", "name"), name="area_name_once_a_project"),)

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A role held by a user: in one project, or everywhere when `project` is empty."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    project = models.ForeignKey(
        "crm.Project", on_delete=models.PROTECT, null=True, blank=True, related_name="memberships"
    )
    area = models.ForeignKey(
        Area, on_delete=models.PROTECT, null=True, blank=True, related_name="memberships"
    )
    role = models.CharField(_("role"), max_length=24, choices=[(role.value, role.value) for role in Role])
    capacity = models.PositiveSmallIntegerField(
        _("conversations a day"), null=True, blank=True, help_text=_("Empty: the project's policy (PX-13).")
    )
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ("project", "role", "user")
        constraints = (
            models.UniqueConstraint(
                fields=("user", "project", "area", "role"),
                name="membership_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(role__in=[role.value for role in Role]), name="membership_role_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} · {self.role}"


class WeeklyRest(models.Model):
    """A consultant's weekly rest day (轮休), with who stands in on it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="weekly_rests")
    weekday = models.PositiveSmallIntegerField(_("weekday"), help_text=_("0 is Monday."))
    stand_in = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("weekly rest day")
        verbose_name_plural = _("weekly rest days")
        constraints = (
            models.UniqueConstraint(fields=("user", "weekday"), name="weekly_rest_once"),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="weekly_rest_weekday"),
            models.CheckConstraint(condition=~Q(stand_in=F("user")), name="weekly_rest_other_stand_in"),
        )

    def __str__(self) -> str:
        return f"{self.user} · {self.weekday}"


class ShiftDay(models.Model):
    """One dated exception to the weekly pattern: a rest day, approved leave, or work after all."""

    class Kind(models.TextChoices):
        REST = "rest", _("rest day")
        LEAVE = "leave", _("leave")
        WORK = "work", _("works")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="shift_days")
    day = models.DateField(_("day"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    stand_in = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("shift exception")
        verbose_name_plural = _("shift exceptions")
        ordering = ("day",)
        constraints = (
            models.UniqueConstraint(fields=("user", "day"), name="shift_day_once"),
            models.CheckConstraint(condition=~Q(stand_in=F("user")), name="shift_day_other_stand_in"),
            models.CheckConstraint(condition=Q(kind__in=["rest", "leave", "work"]), name="shift_day_kind"),
        )

    def __str__(self) -> str:
        return f"{self.user} · {self.day} · {self.kind}"
