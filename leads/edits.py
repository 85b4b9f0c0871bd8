"""What can be changed on a lead's page: one table from the address to form, clause and action."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.actions import customers
from crm.models import User
from leads import forms_lead as forms
from leads.actions import ending, grading, numbers, objections
from leads.models import Lead

Run = Callable[[Lead, Any, User, dt.datetime], object]


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit: its form, its title and clause, what to know before saving, and the action behind it."""

    form: type[forms.LeadForm]
    title: str | Promise
    clause: str
    run: Run
    hint: str | Promise = ""
    button: str | Promise = ""
    danger: bool = False


NEARER = _("Without a conversation the next call may come nearer by this, never farther away.")


def _grade(lead: Lead, form: Any, by: User, at: dt.datetime) -> object:
    said = form.cleaned_data
    return grading.set_grade(lead_id=lead.pk, grade=said["grade"], reason=said["reason"], by=by, at=at)


def _quality(lead: Lead, form: Any, by: User, at: dt.datetime) -> object:
    said = form.cleaned_data
    return grading.set_quality(lead_id=lead.pk, quality=said["quality"], reason=said["reason"], by=by, at=at)


def _weekly(lead: Lead, form: forms.WeeklyForm, by: User, at: dt.datetime) -> object:
    return grading.set_weekly(lead_id=lead.pk, weekly=True, reason=form.reason_text(), by=by, at=at)


def _kind(lead: Lead, form: Any, by: User, at: dt.datetime) -> object:
    said = form.cleaned_data
    return grading.set_kind(lead_id=lead.pk, kind=said["kind"], reason=said["reason"], by=by, at=at)


def _put_off(lead: Lead, form: forms.PutOffForm, by: User, at: dt.datetime) -> object:
    until = form.cleaned_data["until"]
    return grading.put_off(lead_id=lead.pk, until=until, reason=form.reason_text(), by=by, at=at)


def _review(lead: Lead, form: Any, by: User, at: dt.datetime) -> object:
    return grading.answer_review(lead_id=lead.pk, reason=form.cleaned_data["reason"], by=by, at=at)


def _call_off(lead: Lead, form: Any, by: User, at: dt.datetime) -> object:
    return ending.call_off(lead_id=lead.pk, note=form.cleaned_data["note"], by=by, at=at)


def _end(lead: Lead, form: forms.EndForm, by: User, at: dt.datetime) -> object:
    verdict, reason = form.verdict
    note = form.cleaned_data["note"]
    return ending.end_lead(lead_id=lead.pk, verdict=verdict, reason=reason, note=note, by=by, at=at)


def _reopen(lead: Lead, form: Any, by: User, at: dt.datetime) -> object:
    return ending.reopen_lead(lead_id=lead.pk, note=form.cleaned_data["note"], by=by, at=at)


def _objections(lead: Lead, form: Any, by: User, at: dt.datetime) -> None:
    said = form.cleaned_data
    if ids := [int(value) for value in said.get("dissolved", [])]:
        objections.dissolve_objections(lead_id=lead.pk, ids=ids, by=by, at=at)
    if said["raised"]:
        objections.raise_objections(lead_id=lead.pk, causes=said["raised"], note=said["note"], by=by, at=at)


def _interests(lead: Lead, form: forms.InterestsForm, by: User, at: dt.datetime) -> None:
    objections.set_interests(lead_id=lead.pk, points=form.chosen(), by=by, at=at)


def _preference(lead: Lead, form: Any, by: User, at: dt.datetime) -> object:
    return ending.set_preference(lead_id=lead.pk, preference=form.cleaned_data["preference"], by=by, at=at)


def _windows(lead: Lead, form: Any, by: User, at: dt.datetime) -> None:
    customers.set_windows(customer=lead.customer, windows=form.cleaned_data["windows"], by=by, at=at)


def _name(lead: Lead, form: Any, by: User, at: dt.datetime) -> None:
    said = form.cleaned_data
    customers.rename_customer(
        customer=lead.customer, name=said["name"], salutation=said["salutation"], by=by, at=at
    )


def _phone(lead: Lead, form: Any, by: User, at: dt.datetime) -> object:
    said = form.cleaned_data
    return numbers.add_number(lead_id=lead.pk, person=said["person"], raw=said["phone"], by=by, at=at)


def _consent(lead: Lead, form: Any, by: User, at: dt.datetime) -> None:
    said = form.cleaned_data
    given = {"customer": said["person"], "scope": said["scope"], "source": said["source"], "by": by, "at": at}
    if said["what"] == "consent":
        customers.record_consent(wording=said["wording"], **given)
    else:
        customers.opt_out(**given)


#: the last part of the address: what is edited
EDITS: dict[str, Edit] = {
    "grade": Edit(
        forms.GradeForm,
        _("Grade"),
        "SC-2.6",
        _grade,
        _(
            "A grade given on the day of the visit is the visit's grade. Later, the next call may come nearer by it, "
            "never farther away. A D customer gets no calls: say why."
        ),
    ),
    "quality": Edit(
        forms.QualityForm,
        _("Quality of the caller"),
        "SC-1.4",
        _quality,
        _("Not of quality: no calls, only messages at milestones and festivals, until judged again."),
    ),
    "weekly": Edit(
        forms.WeeklyForm,
        _("Weekly calls because of an objection"),
        "SC-2.3b",
        _weekly,
        _(
            "An A or key customer is called every three days. An open objection can be a reason for weekly calls."
        ),
    ),
    "kind": Edit(
        forms.KindForm,
        _("Kind of customer"),
        "SC-3.1",
        _kind,
        _("Leader referrals and VIP guests get no regular calls, only news of important milestones."),
    ),
    "put-off": Edit(
        forms.PutOffForm,
        _("Put the weekly call off"),
        "SC-2.4",
        _put_off,
        _("Once after each conversation, with a reason, at most to the day the policy allows."),
    ),
    "call-off": Edit(
        forms.CallOffForm,
        _("Visit called off"),
        "SC-2.3b",
        _call_off,
        _(
            "For word that came without a conversation; in a call, log it with the call. The call before the visit "
            "becomes a regular one again, on the nearer of the two days."
        ),
        _("The visit is off"),
    ),
    "review": Edit(forms.ReviewForm, _("Answer the review"), "PX-2", _review, NEARER),
    "end": Edit(
        forms.EndForm,
        _("Lost or invalid"),
        "SC-11",
        _end,
        _(
            "A refusal is no reason to give up: leads end only by a verdict with a reason. All calls end with it; "
            "the record stays, and a new call or visit opens it again."
        ),
        _("End this lead"),
        danger=True,
    ),
    "reopen": Edit(forms.ReopenForm, _("Work it again"), "SC-11", _reopen, button=_("Reopen")),
    "objections": Edit(
        forms.ObjectionsForm,
        _("Objections"),
        "SC-2.3b",
        _objections,
        _("Recording an objection alone never slows the calls."),
    ),
    "interests": Edit(
        forms.InterestsForm,
        _("Points of interest"),
        "SC-2.1",
        _interests,
        _("The call sheet goes through them again."),
    ),
    "preference": Edit(
        forms.PreferenceForm,
        _("How they wish to be contacted"),
        "SC-7",
        _preference,
        _("Fewer calls: every interval is doubled. Messages only: calls become messages."),
    ),
    "windows": Edit(forms.WindowsForm, _("Good hours to call"), "SC-8", _windows),
    "name": Edit(
        forms.NameForm, _("Name"), "SC-10", _name, _("The name opens every message to the customer.")
    ),
    "phone": Edit(
        forms.PhoneForm,
        _("Add a number"),
        "PX-3",
        _phone,
        _("A number belongs to one customer. If it is known already, the two are to be linked or merged."),
    ),
    "consent": Edit(
        forms.ConsentForm,
        _("Consent or opt-out"),
        "SC-6",
        _consent,
        _("A later consent lifts an opt-out of its kind."),
    ),
}
