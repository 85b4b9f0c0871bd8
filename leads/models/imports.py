"""Loads of registers: the file, its mapping, the report, and every refused row."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models import Project, User


class ImportBatch(models.Model):
    """One register loaded into one project. Accepted + refused = rows, always."""

    class Register(models.TextChoices):
        CALLS = "calls", _("register of calls")
        VISITS = "visits", _("register of visits")

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("uploaded")
        CHECKED = "checked", _("checked")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        UNDOING = "undoing", _("being undone")
        UNDONE = "undone", _("undone")

    class Known(models.TextChoices):
        """What becomes of rows about customers whom the database knew before the load (PX-3)."""

        SKIP = "skip", _("leave their rows out")
        FILL = "fill", _("add their rows, fill blanks")
        UPDATE = "update", _("add their rows, take over what the file says")

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="import_batches")
    register = models.CharField(_("register"), max_length=8, choices=Register, blank=True)
    filename = models.CharField(_("file"), max_length=120)
    content = models.BinaryField()
    digest = models.CharField(max_length=64)
    encoding = models.CharField(_("encoding"), max_length=16, blank=True)
    mapping = models.JSONField(default=dict)
    staff = models.JSONField(default=dict)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.UPLOADED)
    known = models.CharField(_("known customers"), max_length=8, choices=Known, default=Known.FILL)
    report = models.JSONField(default=dict)
    total = models.PositiveIntegerField(_("rows"), default=0)
    accepted = models.PositiveIntegerField(_("accepted"), default=0)
    refused = models.PositiveIntegerField(_("refused"), default=0)
    progress = models.PositiveIntegerField(_("rows done"), default=0)
    error = models.CharField(_("error"), max_length=300, blank=True)
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    taken_up_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    uploaded_at = models.DateTimeField(_("uploaded at"))
    started_at = models.DateTimeField(_("started at"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    undone_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(_("undone at"), null=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ("-uploaded_at", "-id")
        constraints = (
            models.CheckConstraint(
                condition=~Q(state__in=["done", "undoing", "undone"])
                | Q(total=models.F("accepted") + models.F("refused")),
                name="import_nothing_dropped_silently",
            ),
        )

    def __str__(self) -> str:
        return self.filename

    @property
    def loaded_by(self) -> User | None:
        """Who answers for the run: whoever took it up again after it had failed, else who uploaded the file."""
        return self.taken_up_by or self.uploaded_by


class ImportTrace(models.Model):
    """What one slice of a load did to customers and leads, so that it can be undone for 30 days.

    `customers` are the keys of those it made, `added` of rows it added to known ones ("phone", "interest",
    "objection"); `changes` is {"customer" | "lead": {key: {field: [before, after, moment of the row]}}}. Leads carry
    the batch themselves, so do events, which name their call or visit.
    """

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="traces")
    customers = ArrayField(models.BigIntegerField(), default=list)
    added = models.JSONField(default=dict)
    changes = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("trace of an import")
        verbose_name_plural = _("traces of imports")
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.batch_id} · {len(self.customers)}"


class ImportSlice(models.Model):
    """Whole parties of a file as the dry run read them (`leads.registers.kept`): one transaction of the load.

    `outlook` is what its leads will owe, `days` when those that are due anyway are called, by their keys (PX-15; see
    `leads.actions.importing_outlook`); `counts` is what writing it did. Slices go once the load has ended.
    """

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="slices", db_index=False)
    number = models.PositiveIntegerField()
    rows = models.PositiveIntegerField()
    content = models.BinaryField()
    outlook = models.JSONField(null=True)
    days = models.JSONField(default=dict)
    counts = models.JSONField(null=True)
    refused = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("slice of an import")
        verbose_name_plural = _("slices of imports")
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=("batch", "number"), name="import_slice_once"),)

    def __str__(self) -> str:
        return f"{self.batch_id} · {self.number}"


class RefusedRow(models.Model):
    """A row that was not taken, with every reason; `cells` is the row as the file had it.

    `position` is the row's place in the whole file, from 0, whichever sheet it stands on.
    """

    batch = models.ForeignKey(
        ImportBatch, on_delete=models.CASCADE, related_name="refused_rows", db_index=False
    )
    sheet = models.CharField(_("sheet"), max_length=60, blank=True)
    row = models.PositiveIntegerField(_("row"))
    position = models.PositiveIntegerField(default=0)
    reasons = models.JSONField(default=list)
    cells = models.JSONField(default=list)

    class Meta:
        verbose_name = _("refused row")
        verbose_name_plural = _("refused rows")
        ordering = ("row", "id")
        constraints = (models.UniqueConstraint(fields=("batch", "sheet", "row"), name="refused_row_once"),)

    def __str__(self) -> str:
        return f"{self.batch_id} · {self.row}"


class RegisterMapping(models.Model):
    """The mapping a project used last for files with these headers."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="register_mappings")
    fingerprint = models.CharField(max_length=64)
    mapping = models.JSONField(default=dict)
    used_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("project", "fingerprint"), name="mapping_once"),)

    def __str__(self) -> str:
        return self.fingerprint[:12]


class StaffName(models.Model):
    """Who a name in a project's registers is; an empty user means "leave these leads to the pool"."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="staff_names")
    name = models.CharField(_("name in the register"), max_length=60)
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("staff name")
        verbose_name_plural = _("staff names")
        constraints = (models.UniqueConstraint(fields=("project", "name"), name="staff_name_once"),)

    def __str__(self) -> str:
        return self.name
