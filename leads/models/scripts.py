"""What to say (说辞): a script for each clause and an answer for each objection; a project's own wording
wins.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models import Project, User


class Script(models.Model):
    """A project's own script for one clause; without a row the standard text of leads.scripts is used."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="scripts")
    clause = models.CharField(_("clause"), max_length=12)
    text = models.TextField(_("script"), max_length=4000)
    edited_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    edited_at = models.DateTimeField(_("edited at"))

    class Meta:
        verbose_name = _("script")
        verbose_name_plural = _("scripts")
        constraints = (models.UniqueConstraint(fields=("project", "clause"), name="script_once_a_clause"),)

    def __str__(self) -> str:
        return f"{self.project_id} · {self.clause}"


class ObjectionAnswer(models.Model):
    """A project's own answer to one cause of objection."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="objection_answers")
    cause = models.CharField(_("cause"), max_length=24)
    text = models.TextField(_("answer"), max_length=4000)
    edited_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    edited_at = models.DateTimeField(_("edited at"))

    class Meta:
        verbose_name = _("answer to an objection")
        verbose_name_plural = _("answers to objections")
        constraints = (models.UniqueConstraint(fields=("project", "cause"), name="answer_once_a_cause"),)

    def __str__(self) -> str:
        return f"{self.project_id} · {self.cause}"
