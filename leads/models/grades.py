"""What a project means by its grades (PX-11): label, criteria, and how other registers write them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models import Project, User


class GradeMeaning(models.Model):
    """One grade of one project in its own words; without a row the letter stands alone."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="grade_meanings")
    grade = models.CharField(_("grade"), max_length=1)
    label = models.CharField(_("label"), max_length=20, blank=True)
    criteria = models.TextField(_("criteria"), max_length=300, blank=True)
    words = models.JSONField(_("words in registers"), default=list, blank=True)
    edited_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    edited_at = models.DateTimeField(_("edited at"))

    class Meta:
        verbose_name = _("meaning of a grade")
        verbose_name_plural = _("meanings of grades")
        constraints = (
            models.UniqueConstraint(fields=("project", "grade"), name="grade_meant_once_a_project"),
            models.CheckConstraint(condition=Q(grade__in=["A", "B", "C", "D"]), name="grade_meaning_letter"),
        )

    def __str__(self) -> str:
        return f"{self.project_id} · {self.grade}"
