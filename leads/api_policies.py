"""Policy versions (SC-13), and the project's scripts and answers (SC-12)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from crm import clock
from crm.access import may, require
from crm.api_account import Named
from crm.api_fields import Day, Input, Masked, Output, Text, TimeOfDay
from crm.api_forms import input_of
from crm.api_frame import ApiView, operation
from crm.gates import project_in_reach
from crm.models import PolicyVersion, Project
from crm.roles import Action
from leads import facts, scripts
from leads import policy as policies
from leads.actions import policies as actions
from leads.actions import scripts as script_actions
from leads.forms_policy import PolicyForm
from leads.forms_scripts import TextForm
from leads.gates import manager_project
from leads.models import ObjectionAnswer, Script
from leads.policy_gates import ANY, SALES, approve_from, may_with, version_seen


def _value(meta: Any) -> serializers.Field:
    """One value of a policy with its bounds; the text is plain, because it is read once for every language."""
    told: dict[str, Any] = {"required": False, "help_text": f"{meta['clause']}, {meta['unit']}"}
    if meta["unit"] == "time":
        return TimeOfDay(**told)
    if meta["unit"] == "choice":
        return serializers.ChoiceField(choices=list(meta["choices"]), **told)
    return serializers.IntegerField(min_value=meta["low"], max_value=meta["high"], **told)


VALUES = {name: _value(item.metadata) for name, item in policies.FIELDS.items()}
ValuesShown = type("PolicyValues", (serializers.Serializer,), dict(VALUES))


class PolicyRow(Output):
    prepared_by = Named(allow_null=True)
    reviewed_by = Named(allow_null=True)
    approved_by = Named(allow_null=True)
    reason = Masked()
    in_force = serializers.SerializerMethodField()

    class Meta:
        model = PolicyVersion
        fields = (
            "id", "project", "number", "state", "reason", "in_force", "prepared_by", "prepared_at", "reviewed_by",
            "reviewed_at", "approved_by", "approved_at", "effective_from", "replanned_at",
        )  # fmt: skip

    def get_in_force(self, row: PolicyVersion) -> bool:
        return bool(row.pk == getattr(row, "current", None))


class PolicyShown(PolicyRow):
    values = serializers.SerializerMethodField(help_text="Every value, defaults included.")
    may = serializers.DictField(child=serializers.BooleanField(), help_text="What the caller may do with it.")

    class Meta:
        model = PolicyVersion
        fields = (*PolicyRow.Meta.fields, "values", "may")

    def get_values(self, row: PolicyVersion) -> ValuesShown:  # type: ignore[valid-type]
        return policies.dump(policies.parse(row.values))


PolicyChange = type(
    "PolicyChange",
    (Input,),
    {**VALUES, "reason": Text(required=False, max_length=1000, help_text="Why it changes.")},
)


class ApproveIn(Input):
    effective_on = Day(help_text="From this day on; today means from now on.")


def _shown(view: ApiView, row: PolicyVersion) -> PolicyVersion:
    row.current = facts.policy_in_force(row.project_id, clock.now()).version  # type: ignore[attr-defined]
    row.may = may_with(view.by, row)  # type: ignore[attr-defined]
    return row


class Policies(ApiView):
    group = "policies"

    @operation(answers=PolicyRow, paged=True)
    def get(self, request: Request, project: int) -> Any:
        """The versions of a project, the newest first."""
        where = project_in_reach(request, project)
        if not any(may(self.by, action, where, without=SALES) for action in ANY):
            require(self.by, Action.DRAFT_POLICY, where, without=SALES)
        rows = PolicyVersion.objects.filter(project=where, kind="cadence")
        page = self.page(rows.select_related("prepared_by", "reviewed_by", "approved_by"), "-number")
        current = facts.policy_in_force(where.pk, clock.now()).version
        for row in page["results"]:
            row.current = current
        return page

    @operation(answers=PolicyShown, status=201)
    def post(self, request: Request, project: int) -> Any:
        """Begin a draft from the values in force; one's own open draft is given back instead of a second."""
        where = project_in_reach(request, project)
        require(self.by, Action.DRAFT_POLICY, where, without=SALES)
        return _shown(self, actions.draft(project=where, by=self.by, at=clock.now()))


class OnePolicy(ApiView):
    group = "policies"

    @operation(answers=PolicyShown)
    def get(self, request: Request, policy: int) -> Any:
        """One version with its values."""
        return _shown(self, version_seen(self.by, policy))

    @operation(takes=PolicyChange, answers=PolicyShown)
    def patch(self, request: Request, policy: int) -> Any:
        """Change values of one's own draft; what is left out stays."""
        row = version_seen(self.by, policy)
        require(self.by, Action.DRAFT_POLICY, row.project_id, without=SALES)
        present = {"reason": row.reason, **policies.dump(policies.parse(row.values))}
        form = self.filled(PolicyForm, present)
        values = {name: form.cleaned_data[name] for name in policies.FIELDS}
        reason = form.cleaned_data["reason"]
        try:
            actions.edit(version_id=row.pk, values=values, reason=reason, by=self.by, at=clock.now())
        except policies.PolicyError as wrong:
            errors = {
                name: [ErrorDetail(_(error.text) % error.params, code="invalid")]
                for name, error in wrong.errors.items()
            }
            raise ValidationError(errors) from None
        return _shown(self, version_seen(self.by, policy))


class PolicyReview(ApiView):
    group = "policies"

    @operation(answers=PolicyShown)
    def post(self, request: Request, policy: int) -> Any:
        """A second person has checked the draft."""
        row = version_seen(self.by, policy)
        require(self.by, Action.REVIEW_POLICY, row.project_id, without=SALES)
        actions.review(version_id=row.pk, by=self.by, at=clock.now())
        return _shown(self, version_seen(self.by, policy))


class PolicyApprove(ApiView):
    group = "policies"

    @operation(takes=ApproveIn, answers=PolicyShown)
    def post(self, request: Request, policy: int) -> Any:
        """A third person puts it in force from a day on."""
        row = version_seen(self.by, policy)
        require(self.by, Action.APPROVE_POLICY, row.project_id, without=SALES)
        day: dt.date = self.said()["effective_on"]
        approve_from(row, day, by=self.by, at=clock.now())
        return _shown(self, version_seen(self.by, policy))


class PolicyWithdraw(ApiView):
    group = "policies"

    @operation(answers=PolicyShown)
    def post(self, request: Request, policy: int) -> Any:
        """Withdraw a draft or a reviewed version."""
        row = version_seen(self.by, policy)
        actions.withdraw(version_id=row.pk, by=self.by, at=clock.now())
        return _shown(self, version_seen(self.by, policy))


class TextShown(serializers.Serializer):
    key = serializers.CharField()
    text = serializers.CharField(allow_blank=True, help_text="The project's own wording, else the standard.")
    standard = serializers.CharField(allow_blank=True)
    own = serializers.BooleanField()


TextIn = input_of("TextIn", TextForm)


class Texts(ApiView):
    """Scripts and answers alike: a standard text for each key, and the project's own where it has one."""

    group = "policies"

    def texts(self, project: Project) -> list[dict[str, Any]]:
        own, standard = self.own(project), self.standard
        return [
            {"key": key, "text": own.get(key) or text, "standard": text, "own": bool(own.get(key))}
            for key, text in standard.items()
        ]

    def one(self, request: Request, pk: int, key: str) -> tuple[Project, dict[str, Any]]:
        project = manager_project(request, project_in_reach(request, pk))
        found = next((each for each in self.texts(project) if each["key"] == key), None)
        if found is None:
            raise Http404
        return project, found

    standard: Any
    own: Callable[[Project], dict[str, str]]


class ScriptTexts(Texts):
    standard = scripts.SCRIPTS

    def own(self, project: Project) -> dict[str, str]:
        return dict(Script.objects.filter(project=project).values_list("clause", "text"))


class AnswerTexts(Texts):
    standard = scripts.ANSWERS

    def own(self, project: Project) -> dict[str, str]:
        return dict(ObjectionAnswer.objects.filter(project=project).values_list("cause", "text"))


class Scripts(ScriptTexts):
    @operation(answers=TextShown, listed=True)
    def get(self, request: Request, project: int) -> Any:
        """Every script of the calls."""
        return self.texts(manager_project(request, project_in_reach(request, project)))


class Answers(AnswerTexts):
    @operation(answers=TextShown, listed=True)
    def get(self, request: Request, project: int) -> Any:
        """Every answer to an objection."""
        return self.texts(manager_project(request, project_in_reach(request, project)))


class OneScript(ScriptTexts):
    @operation(answers=TextShown)
    def get(self, request: Request, project: int, key: str) -> Any:
        """The script of one clause."""
        return self.one(request, project, key)[1]

    @operation(takes=TextIn, answers=TextShown)
    def put(self, request: Request, project: int, key: str) -> Any:
        """The project's own script; an empty text goes back to the standard."""
        where, _found = self.one(request, project, key)
        text = self.filled(TextForm).cleaned_data["text"]
        script_actions.save_script(project=where, clause=key, text=text, by=self.by, at=clock.now())
        return self.one(request, project, key)[1]


class OneAnswer(AnswerTexts):
    @operation(answers=TextShown)
    def get(self, request: Request, project: int, key: str) -> Any:
        """The answer to one objection."""
        return self.one(request, project, key)[1]

    @operation(takes=TextIn, answers=TextShown)
    def put(self, request: Request, project: int, key: str) -> Any:
        """The project's own answer; an empty text goes back to the standard."""
        where, _found = self.one(request, project, key)
        text = self.filled(TextForm).cleaned_data["text"]
        script_actions.save_answer(project=where, cause=key, text=text, by=self.by, at=clock.now())
        return self.one(request, project, key)[1]
