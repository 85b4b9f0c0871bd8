"""What follows a load: its refused rows as a file to correct and load again, and taking all of it back (PX-15)."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import Any, TextIO, cast

from django.http import FileResponse, HttpResponse
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from crm import clock
from crm.access import may
from crm.api_fields import Input, Instant
from crm.api_frame import FileRenderer, operation
from crm.roles import Action
from leads import refused_file
from leads.actions import undoing
from leads.api_imports import BatchRow, ImportView
from leads.gates import NO_ROWS
from leads.import_report import ShownUndo, undo_of
from leads.models import ImportBatch

CSV, XLSX = "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class FormatAsked(Input):
    format = serializers.ChoiceField(choices=["xlsx", "csv"], default="xlsx")


class RefusedFile(ImportView):
    renderer_classes = (JSONRenderer, FileRenderer)

    @operation(asks=FormatAsked, file=(XLSX, CSV))
    def get(self, request: Request, batch: int) -> Any:
        """The refused rows as a file with a column of reasons; corrected, it is loaded like any other."""
        found = self.batch(batch)
        plain = may(self.by, Action.SEE_LEADS, found.project_id, without=NO_ROWS)
        if self.asked()["format"] == "csv":
            answer = HttpResponse(content_type=f"{CSV}; charset=utf-8")
            answer["Content-Disposition"] = f'attachment; filename="refused-{found.pk}.csv"'
            refused_file.write_csv(found, cast(TextIO, answer), plain=plain)
            return answer
        file = TemporaryFile()  # noqa: SIM115 - the response closes it
        refused_file.write_xlsx(found, file, plain=plain)
        file.seek(0)
        return FileResponse(file, as_attachment=True, filename=f"refused-{found.pk}.xlsx", content_type=XLSX)


class KeptShown(serializers.Serializer):
    lead = serializers.IntegerField(allow_null=True, help_text="Only of leads that the caller may open.")
    reason = serializers.CharField()


class UndoShown(serializers.Serializer):
    """How undoing a load stands."""

    state = serializers.CharField()
    until = Instant(allow_null=True, help_text="Until when it may begin; null when it may not any more.")
    leads = serializers.IntegerField()
    done = serializers.IntegerField()
    percent = serializers.IntegerField()
    stopped = serializers.BooleanField(help_text="Who began it may not any more; begin it again.")
    counts = serializers.DictField(
        child=serializers.IntegerField(), help_text="What went, and what was kept."
    )
    kept = KeptShown(many=True, help_text="Leads that stay, because somebody worked on them since.")
    more = serializers.IntegerField(help_text="How many more stay than are listed.")


class ImportUndo(ImportView):
    @operation(answers=UndoShown)
    def get(self, request: Request, batch: int) -> Any:
        """Whether a load may be taken back, and how far that is."""
        return self._shown(self.batch(batch))

    @operation(answers=BatchRow)
    def post(self, request: Request, batch: int) -> Any:
        """Take a load back, within 30 days: what it brought goes, what was worked on since stays."""
        return undoing.start(batch_id=self.batch(batch).pk, by=self.by, at=clock.now())

    def _shown(self, found: ImportBatch) -> dict[str, Any]:
        undo: ShownUndo = undo_of(found, self.by)
        names = ("until", "leads", "done", "percent", "stopped", "counts", "more")
        return {
            "state": found.state,
            **{name: getattr(undo, name) for name in names},
            "kept": [{"lead": lead.pk if lead else None, "reason": reason} for lead, reason in undo.kept],
        }
