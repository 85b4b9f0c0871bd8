"""Logging a contact: two taps suffice, everything else is optional and belongs to a conversation."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.forms_base import BaseForm, DateTimeInput, SubmissionField
from crm.models import Customer
from crm.states import Channel, Outcome
from leads import labels, vocabulary
from leads.actions.contacts import ContactSheet
from leads.facts_grades import explain_field
from leads.facts_sheet import Sheet
from leads.forms_lead import words
from leads.models import Lead

CONVERSATIONS = (Outcome.TALKED, Outcome.CALLBACK_ARRANGED, Outcome.REFUSED, Outcome.HUNG_UP)
TRIES = (Outcome.NO_ANSWER, Outcome.BUSY, Outcome.PHONE_OFF)
RARE_TRIES = (Outcome.MESSAGE_LEFT, Outcome.SUSPENDED)
WRONG = (Outcome.INVALID_NUMBER, Outcome.WRONG_PERSON)
REFUSALS_SUGGEST = 3


def _choices(codes: tuple[Outcome, ...]) -> list[tuple[str, Any]]:
    return [(code.value, labels.OUTCOMES[code]) for code in codes]


def _text(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label, required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )


class ContactForm(BaseForm):
    """The log form beneath a preparation sheet. `tried` is the one-tap button of a try that nobody answered."""

    submission = SubmissionField()
    tried = forms.ChoiceField(
        required=False,
        choices=_choices((*TRIES, *RARE_TRIES, *WRONG, Outcome.SENT)),
        widget=forms.HiddenInput,
    )
    outcome = forms.ChoiceField(
        label=_("Spoken with"),
        required=False,
        choices=_choices(CONVERSATIONS),
        widget=forms.RadioSelect(attrs={"data-reveals": "#talk"}),
    )
    promised_at = forms.DateTimeField(
        label=_("Promised to call back at"), required=False, widget=DateTimeInput()
    )
    intention = forms.ChoiceField(
        label=_("Intention"),
        required=False,
        choices=list(labels.INTENTIONS.items()),
        widget=forms.RadioSelect,
    )
    quality = forms.ChoiceField(
        label=_("Quality of the caller"),
        required=False,
        choices=Lead.Quality.choices,
        widget=forms.RadioSelect,
    )
    invitation = forms.ChoiceField(
        label=_("Invitation to visit"),
        required=False,
        choices=(("1", _("accepted")), ("0", _("turned down"))),
        widget=forms.RadioSelect,
    )
    appointment = forms.DateTimeField(label=_("Visit arranged for"), required=False, widget=DateTimeInput())
    called_off = forms.BooleanField(label=_("The arranged visit is called off"), required=False)
    dissolved = forms.MultipleChoiceField(
        label=_("Objections dissolved"), required=False, widget=forms.CheckboxSelectMultiple
    )
    raised = forms.MultipleChoiceField(
        label=_("Objections raised"),
        required=False,
        choices=words(vocabulary.CAUSES),
        widget=forms.CheckboxSelectMultiple,
    )
    occasion = forms.ChoiceField(label=_("Occasion used"), required=False)
    news = _text(_("News of the customer"))
    questions = _text(_("Questions"))
    real_need = _text(_("Real need"))
    grade = forms.ChoiceField(
        label=_("Grade"), required=False, choices=Lead.Grade.choices, widget=forms.RadioSelect
    )
    reason = forms.CharField(label=_("Reason"), required=False, max_length=200)
    preference = forms.ChoiceField(
        label=_("How they wish to be contacted"),
        required=False,
        choices=[("", _("as before")), *Customer.PREFERENCES],
    )
    channel = forms.ChoiceField(
        label=_("By"), required=False, choices=list(labels.CHANNELS.items()), initial=Channel.PHONE.value
    )
    incoming = forms.BooleanField(label=_("The customer got in touch with us"), required=False)
    happened_at = forms.DateTimeField(
        label=_("When, if not just now"), required=False, widget=DateTimeInput()
    )

    def __init__(self, *args: Any, sheet: Sheet, clause: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sheet = sheet
        self.clause = clause
        #: SC-3.1: a contact outside a milestone needs a reason, so it is asked for at once
        self.asks_reason = sheet.lead.kind == Lead.Kind.LEADER_REFERRAL and not clause
        self.suggests_fewer = (
            sheet.lead.refusals >= REFUSALS_SUGGEST and sheet.lead.customer.preference == "welcome"
        )
        open_causes = {row.objection.cause for row in sheet.objections}
        causes = dict(words(vocabulary.CAUSES))
        self.fields["dissolved"].choices = [  # type: ignore[attr-defined]
            (str(row.objection.pk), causes.get(row.objection.cause, row.objection.cause))
            for row in sheet.objections
        ]
        self.fields["raised"].choices = [  # type: ignore[attr-defined]
            choice for choice in words(vocabulary.CAUSES) if choice[0] not in open_causes
        ]
        self.fields["occasion"].choices = [  # type: ignore[attr-defined]
            ("", _("none")),
            *((str(row.pk), row.title) for row in sheet.occasions),
        ]
        for name in self._needless(sheet, clause):
            del self.fields[name]
        if "grade" in self.fields:
            explain_field(self.fields["grade"], sheet.lead.project_id)

    def _needless(self, sheet: Sheet, clause: str) -> list[str]:
        """A field that has nothing to offer for this lead is not shown."""
        unneeded = {
            "dissolved": not sheet.objections,
            "occasion": not sheet.occasions,
            "called_off": sheet.coming is None,
            "quality": clause != "SC-1.1",
            "invitation": not clause.startswith("SC-1."),
            "grade": not sheet.lead.visits,
        }
        return [name for name, is_so in unneeded.items() if is_so]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not data.get("tried") and not data.get("outcome") and "outcome" not in self.errors:
            self.add_error("outcome", _("Choose how the contact ended."))
        return data

    def contact_sheet(self) -> ContactSheet:
        """The cleaned form as the action takes it."""
        data = self.cleaned_data
        if not data["outcome"]:
            return ContactSheet(
                outcome=data["tried"],
                channel=data.get("channel") or Channel.PHONE.value,
                reason=data.get("reason", ""),
            )
        invited = data.get("invitation", "")
        chosen = next((row for row in self.sheet.occasions if str(row.pk) == data.get("occasion")), None)
        return ContactSheet(
            outcome=data["outcome"],
            channel=data.get("channel") or Channel.PHONE.value,
            direction="in" if data.get("incoming") else "out",
            promised_at=data.get("promised_at"),
            appointment=data.get("appointment"),
            called_off=data.get("called_off", False),
            intention=data.get("intention", ""),
            news=data.get("news", ""),
            questions=data.get("questions", ""),
            real_need=data.get("real_need", ""),
            reason=data.get("reason", ""),
            occasion=chosen,
            objections_raised=tuple(data.get("raised", ())),
            objections_dissolved=tuple(int(value) for value in data.get("dissolved", ())),
            grade=data.get("grade", ""),
            quality=data.get("quality", ""),
            preference=data.get("preference", ""),
            invitation_accepted={"1": True, "0": False}.get(invited),
        )

    def happened(self, now: dt.datetime) -> dt.datetime:
        """When it took place: now, unless another moment was entered."""
        moment: dt.datetime | None = self.cleaned_data.get("happened_at")
        return moment or now
