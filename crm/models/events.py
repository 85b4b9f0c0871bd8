"""The append-only log of what people did that no other table tells."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models.people import User
from crm.models.places import Project


class AuditEvent(models.Model):
    """One deed: a reveal, an export, a setting, a merge. Never updated, never deleted by the product."""

    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, null=True, related_name="+")
    verb = models.CharField(_("verb"), max_length=40)
    target = models.CharField(_("target"), max_length=40, blank=True)
    target_id = models.BigIntegerField(null=True)
    details = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        ordering = ("-at", "-id")
        indexes = (
            models.Index(fields=["target", "target_id"], name="audit_target"),
            models.Index(fields=["by", "-at"], name="audit_by"),
        )

    def __str__(self) -> str:
        return f"{self.verb} {self.target} {self.target_id}"
