"""What the scheduled and background jobs did: the last run of each, for the screen of the beat table."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models.places import Project


class JobRun(models.Model):
    """The newest run of one job in one project (one row each, overwritten)."""

    name = models.CharField(_("job"), max_length=40)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, related_name="job_runs")
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    succeeded_at = models.DateTimeField(_("last ended well"), null=True)
    ok = models.BooleanField(_("ended well"), null=True)
    result = models.JSONField(_("result"), default=dict)

    class Meta:
        verbose_name = _("job run")
        verbose_name_plural = _("job runs")
        constraints = (
            models.UniqueConstraint(fields=("name", "project"), name="job_run_once", nulls_distinct=False),
        )

    def __str__(self) -> str:
        return self.name
