"""Projects, buildings, unit types, units, and the working calendar."""

from __future__ import annotations

import datetime as dt
import zoneinfo

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.rules_hours import EARLIEST, LATEST, Hours

DEFAULT_WINDOWS = (("10:00", "11:30"), ("15:30", "17:00"))


def default_windows() -> list[list[str]]:
    """SC-8: in general 10:00-11:30 and 15:30-17:00."""
    return [list(window) for window in DEFAULT_WINDOWS]


def validate_zone(value: str) -> None:
    """Refuse a time zone name that the machine does not know."""
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("Unknown time zone. Use a name such as Asia/Shanghai."))


def validate_windows(value: object) -> None:
    """Windows are [["HH:MM", "HH:MM"], …], each opening before it closes (SC-8)."""
    message = _("Write windows as 10:00-11:30, one a line, each opening before it closes.")
    if not isinstance(value, list):
        raise ValidationError(message)
    for window in value:
        try:
            start, end = (dt.time.fromisoformat(text) for text in window)
        except (TypeError, ValueError):
            raise ValidationError(message) from None
        if start >= end:
            raise ValidationError(message)


class Project(models.Model):
    """A sales centre's project: the frame of every lead, calendar and procedure."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    short_name = models.CharField(_("short name"), max_length=20)
    signature = models.CharField(
        _("SMS signature"), max_length=20, help_text=_("Stands between 【】 (SC-10).")
    )
    hotline = models.CharField(_("hotline"), max_length=30)
    time_zone = models.CharField(
        _("time zone"), max_length=40, default="Asia/Shanghai", validators=[validate_zone]
    )
    region = models.CharField(
        _("phone region"),
        max_length=2,
        default="CN",
        help_text=_("Two letters: where numbers without a country code are."),
    )
    windows = models.JSONField(_("contact windows"), default=default_windows, validators=[validate_windows])
    opens_at = models.TimeField(_("opens at"), default=dt.time(9, 0))
    closes_at = models.TimeField(_("closes at"), default=dt.time(20, 30))
    sms_opens_at = models.TimeField(_("marketing messages from"), default=dt.time(9, 0), blank=True)
    sms_closes_at = models.TimeField(_("marketing messages until"), default=dt.time(20, 0), blank=True)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(
                condition=Q(opens_at__lt=F("closes_at")), name="project_opens_before_closing"
            ),
            models.CheckConstraint(
                condition=Q(
                    sms_opens_at__gte=EARLIEST, sms_opens_at__lt=F("sms_closes_at"), sms_closes_at__lte=LATEST
                ),
                name="project_messages_by_day",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The project's time zone; every day of a clause is counted in it."""
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def sms_hours(self) -> Hours:
        """When its marketing messages may go out."""
        return Hours(self.zone, self.sms_opens_at, self.sms_closes_at)


class Building(models.Model):
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="buildings")
    name = models.CharField(_("name"), max_length=40)

    class Meta:
        verbose_name = _("building")
        verbose_name_plural = _("buildings")
        ordering = ("project", "name")
        constraints = (
            models.UniqueConstraint(fields=("project", "name"), name="building_name_once_a_project"),
        )

    def __str__(self) -> str:
        return self.name


class UnitType(models.Model):
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="unit_types")
    name = models.CharField(_("name"), max_length=40)
    rooms = models.CharField(_("rooms"), max_length=40, blank=True)
    area_sqm = models.DecimalField(_("area (m²)"), max_digits=8, decimal_places=2, null=True, blank=True)

    class Meta:
        verbose_name = _("unit type")
        verbose_name_plural = _("unit types")
        ordering = ("project", "name")
        constraints = (models.UniqueConstraint(fields=("project", "name"), name="unit_type_once_a_project"),)

    def __str__(self) -> str:
        return self.name


class Unit(models.Model):
    """One flat, shop or parking space that can be seen, held and sold."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="units")
    building = models.ForeignKey(Building, on_delete=models.PROTECT, related_name="units")
    unit_type = models.ForeignKey(
        UnitType, on_delete=models.PROTECT, null=True, blank=True, related_name="units"
    )
    number = models.CharField(_("number"), max_length=20)
    floor = models.SmallIntegerField(_("floor"), null=True, blank=True)
    area_sqm = models.DecimalField(_("area (m²)"), max_digits=8, decimal_places=2, null=True, blank=True)
    list_price = models.DecimalField(
        _("list price (yuan)"), max_digits=12, decimal_places=2, null=True, blank=True
    )

    class Meta:
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        ordering = ("building", "number")
        constraints = (
            models.UniqueConstraint(fields=("building", "number"), name="unit_number_once_a_building"),
        )

    def __str__(self) -> str:
        return f"{self.building} {self.number}"


class CalendarDay(models.Model):
    """A day that differs from its weekday: a public holiday, or a make-up working day (调休补班)."""

    class Kind(models.TextChoices):
        HOLIDAY = "holiday", _("public holiday")
        MAKE_UP = "make_up", _("make-up working day")

    day = models.DateField(_("day"), unique=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    name = models.CharField(_("name"), max_length=40, blank=True)
    provisional = models.BooleanField(_("provisional"), default=False)
    corrected = models.BooleanField(
        _("corrected by hand"),
        default=False,
        help_text=_("A corrected day is never overwritten by the data files."),
    )

    class Meta:
        verbose_name = _("calendar day")
        verbose_name_plural = _("calendar days")
        ordering = ("day",)
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=["holiday", "make_up"]), name="calendar_day_kind"),
        )

    def __str__(self) -> str:
        return f"{self.day} {self.name}"
