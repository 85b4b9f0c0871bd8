"""What is done with a broadcast, one address each: the gate of its page, the action of its button."""

from __future__ import annotations

from typing import Any

from django.http import StreamingHttpResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from campaigns import broadcast_file, gates
from campaigns.actions import broadcast_runs as runs
from campaigns.actions import broadcasts as actions
from campaigns.api_base import ReasonIn
from campaigns.api_broadcasts import BroadcastShown, BroadcastView
from campaigns.forms_broadcasts import ReasonForm
from crm import clock
from crm.api_frame import FileRenderer, operation
from crm.api_messages import ReadShown
from crm.celery import soon
from crm.gates import reads_names

CSV = "text/csv"


class BroadcastRehearse(BroadcastView):
    @operation(answers=BroadcastShown)
    def post(self, request: Request, broadcast: int) -> Any:
        """Have a draft planned anew; the worker does it."""
        row = self.to_make(request, broadcast)
        actions.ask_rehearsal(broadcast_id=row.pk, by=self.by, at=clock.now())
        soon("campaigns.tasks.rehearse", row.pk)
        return self.shown(request, broadcast)


class BroadcastTest(BroadcastView):
    @operation(answers=BroadcastShown, idempotent=True)
    def post(self, request: Request, broadcast: int) -> Any:
        """Send the text to one's own mobile."""
        row = self.to_make(request, broadcast)
        actions.send_to_self(row=row, by=self.by, at=clock.now())
        return self.shown(request, broadcast)


class BroadcastSubmit(BroadcastView):
    @operation(answers=BroadcastShown)
    def post(self, request: Request, broadcast: int) -> Any:
        """Hand a rehearsed draft in for approval."""
        row = self.to_make(request, broadcast)
        actions.submit(broadcast_id=row.pk, by=self.by, at=clock.now())
        return self.shown(request, broadcast)


class BroadcastApprove(BroadcastView):
    @operation(answers=BroadcastShown)
    def post(self, request: Request, broadcast: int) -> Any:
        """Approve what another person wrote: it is scheduled, and starts by itself when its hour comes."""
        row = self.to_approve(request, broadcast)
        actions.approve(broadcast_id=row.pk, by=self.by, at=clock.now())
        return self.shown(request, broadcast)


class BroadcastSendBack(BroadcastView):
    @operation(takes=ReasonIn, answers=BroadcastShown)
    def post(self, request: Request, broadcast: int) -> Any:
        """Give it back to its author, with the reason."""
        row, form = self.to_approve(request, broadcast), self.filled(ReasonForm)
        actions.send_back(broadcast_id=row.pk, by=self.by, at=clock.now(), **form.cleaned_data)
        return self.shown(request, broadcast)


class BroadcastStart(BroadcastView):
    @operation(answers=BroadcastShown)
    def post(self, request: Request, broadcast: int) -> Any:
        """Let one that missed its start go after all."""
        row = self.to_approve(request, broadcast)
        actions.start_now(broadcast_id=row.pk, by=self.by, at=clock.now())
        return self.shown(request, broadcast)


class BroadcastPause(BroadcastView):
    @operation(answers=BroadcastShown)
    def post(self, request: Request, broadcast: int) -> Any:
        """Nothing more leaves, at once."""
        row = self.own(request, broadcast)
        runs.pause(broadcast_id=row.pk, by=self.by, at=clock.now())
        return self.shown(request, broadcast)


class BroadcastResume(BroadcastView):
    @operation(answers=BroadcastShown)
    def post(self, request: Request, broadcast: int) -> Any:
        """Go on."""
        row = self.own(request, broadcast)
        runs.resume(broadcast_id=row.pk, by=self.by, at=clock.now())
        return self.shown(request, broadcast)


class BroadcastResend(BroadcastView):
    @operation(answers=BroadcastShown, idempotent=True)
    def post(self, request: Request, broadcast: int) -> Any:
        """Send again what is proven not to have been sent; never what is unknown."""
        row = self.to_approve(request, broadcast)
        runs.resend(broadcast_id=row.pk, by=self.by, at=clock.now())
        return self.shown(request, broadcast)


class BroadcastReadUnknown(BroadcastView):
    @operation(answers=ReadShown)
    def post(self, request: Request, broadcast: int) -> Any:
        """A person has read its unknown outcomes: they stay unknown and are not sent again."""
        row = self.own(request, broadcast)
        return {"settled": runs.read_unknown(broadcast_id=row.pk, by=self.by, at=clock.now())}


class BroadcastCancel(BroadcastView):
    @operation(takes=ReasonIn, answers=BroadcastShown)
    def post(self, request: Request, broadcast: int) -> Any:
        """End it for good: what had not left is taken back."""
        row, form = self.own(request, broadcast), self.filled(ReasonForm)
        actions.cancel(broadcast_id=row.pk, by=self.by, at=clock.now(), **form.cleaned_data)
        return self.shown(request, broadcast)


class BroadcastExport(BroadcastView):
    renderer_classes = (JSONRenderer, FileRenderer)

    @operation(file=(CSV,))
    def post(self, request: Request, broadcast: int) -> Any:
        """Everybody of it as a file, line by line; who took it home stays on record, so it is a POST."""
        row = self.own(request, broadcast)
        gates.require_export(self.by, row.project)
        numbers = gates.exports_numbers(self.by, row.project)
        actions.note_export(row=row, numbers=numbers, by=self.by, at=clock.now())
        lines = broadcast_file.lines(row, names=reads_names(self.by, row.project), numbers=numbers)
        response = StreamingHttpResponse(broadcast_file.csv_of(lines), content_type=f"{CSV}; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="broadcast-{row.pk}.csv"'
        return response
