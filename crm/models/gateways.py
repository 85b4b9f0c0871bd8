"""The lines that messages leave by: one gateway and more for each project, and what the carrier has on file."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models.places import Project


class Gateway(models.Model):
    """One line of a project. `settings` hold no secret; `secret` is encrypted (crm/gateways/secrets.py)."""

    class Kind(models.TextChoices):
        CONSOLE = "console", _("console")
        HTTP = "http", _("HTTP agent")
        SMPP = "smpp", _("SMPP")

    class Layout(models.TextChoices):
        HOUSE = "house", _("house layout: signature after the body, hotline and consultant")
        FIRST = "first", _("signature first, no personal mobile, opt-out last")

    class State(models.TextChoices):
        ON = "on", _("in use")
        OFF = "off", _("switched off")

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="gateways")
    name = models.CharField(_("name"), max_length=40)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    state = models.CharField(_("state"), max_length=4, choices=State, default=State.ON)
    is_default = models.BooleanField(_("the project's line"), default=False)
    layout = models.CharField(_("layout"), max_length=8, choices=Layout, default=Layout.HOUSE)
    settings = models.JSONField(_("settings"), default=dict)
    secret = models.TextField(_("secret"), blank=True, editable=False)
    callback_key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    rate = models.PositiveIntegerField(_("messages a second at most"), default=50)
    window = models.PositiveSmallIntegerField(_("unanswered messages at most"), default=16)
    needs_filing = models.BooleanField(_("signatures must be on file with the carrier"), default=False)
    needs_template = models.BooleanField(_("texts must be templates on file with the carrier"), default=False)
    slowed_rate = models.PositiveIntegerField(null=True, editable=False)
    slowed_until = models.DateTimeField(null=True, editable=False)
    balance = models.CharField(_("balance"), max_length=40, blank=True, editable=False)
    checked_at = models.DateTimeField(_("last checked"), null=True, editable=False)
    problem = models.CharField(_("last problem"), max_length=200, blank=True, editable=False)
    ticked_at = models.DateTimeField(null=True, editable=False)
    unsigned = models.PositiveIntegerField(_("callbacks refused"), default=0, editable=False)

    class Meta:
        verbose_name = _("gateway")
        verbose_name_plural = _("gateways")
        ordering = ("project", "name")
        constraints = (
            models.UniqueConstraint(fields=("project", "name"), name="gateway_name_once"),
            models.UniqueConstraint(
                fields=("project",), condition=Q(is_default=True), name="one_default_gateway_a_project"
            ),
            models.CheckConstraint(condition=Q(kind__in=["console", "http", "smpp"]), name="gateway_kind"),
            models.CheckConstraint(condition=Q(state__in=["on", "off"]), name="gateway_state"),
            models.CheckConstraint(condition=Q(rate__gte=1, window__gte=1), name="gateway_moves"),
        )

    def __str__(self) -> str:
        return self.name


class Filing(models.Model):
    """What a carrier has decided about a signature or a template."""

    class State(models.TextChoices):
        FILED = "filed", _("filed")
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("refused")

    state = models.CharField(_("state"), max_length=8, choices=State, default=State.FILED)
    expires_on = models.DateField(_("valid until"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        abstract = True


class GatewaySignature(Filing):
    """A signature (without 【】) on file with one gateway."""

    gateway = models.ForeignKey(Gateway, on_delete=models.CASCADE, related_name="signatures")
    signature = models.CharField(_("SMS signature"), max_length=20)

    class Meta:
        verbose_name = _("signature on file")
        verbose_name_plural = _("signatures on file")
        ordering = ("signature",)
        constraints = (models.UniqueConstraint(fields=("gateway", "signature"), name="signature_once"),)

    def __str__(self) -> str:
        return self.signature


class GatewayTemplate(Filing):
    """A text on file with one gateway: `body` with its {fields}, `code` is the gateway's own id for it."""

    gateway = models.ForeignKey(Gateway, on_delete=models.CASCADE, related_name="templates")
    code = models.CharField(_("the gateway's id"), max_length=64)
    body = models.TextField(_("text"), max_length=500)

    class Meta:
        verbose_name = _("template on file")
        verbose_name_plural = _("templates on file")
        ordering = ("code",)
        constraints = (models.UniqueConstraint(fields=("gateway", "code"), name="template_once"),)

    def __str__(self) -> str:
        return self.code


class CallbackNonce(models.Model):
    """A callback that was taken: the same one again is refused. Rows older than the time window are dropped."""

    gateway = models.ForeignKey(Gateway, on_delete=models.CASCADE, related_name="+")
    nonce = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("gateway", "nonce"), name="callback_once"),)
        indexes = (models.Index(fields=["at"], name="callback_nonce_at"),)

    def __str__(self) -> str:
        return self.nonce
