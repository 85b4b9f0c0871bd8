"""A project's greetings for one festival: the messages and the calls of its key customers (SC-5.1)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.models.festivals import FestivalDay
from crm.models import Project, SendRun, User


class Greeting(models.Model):
    """One festival in one project. Planned ahead, planned once more on the day, then sent.

    Who gets a message stands in the run; who is called first are the occasion's calls of the project's leads.
    """

    festival = models.ForeignKey(FestivalDay, on_delete=models.PROTECT, related_name="greetings")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="greetings")
    run = models.OneToOneField(SendRun, on_delete=models.PROTECT, null=True, related_name="greeting")
    calls = models.PositiveIntegerField(_("calls planned"), default=0)
    problem = models.CharField(_("why it is not planned"), max_length=300, blank=True)
    planned_at = models.DateTimeField(_("planned at"), null=True)
    stopped_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    stopped_at = models.DateTimeField(_("stopped at"), null=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("greeting")
        verbose_name_plural = _("greetings")
        ordering = ("-festival__day", "project")
        constraints = (
            models.UniqueConstraint(fields=("festival", "project"), name="greeting_once"),
            models.CheckConstraint(
                condition=models.Q(stopped_at=None) | ~models.Q(reason=""),
                name="greeting_stopped_has_a_reason",
            ),
        )

    def __str__(self) -> str:
        return f"{self.festival} · {self.project}"
