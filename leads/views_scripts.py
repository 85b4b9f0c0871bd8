"""Scripts for each clause and answers to each objection, in the project's own wording (SC-12)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from crm import clock
from crm.access import may
from crm.errors import RuleViolation
from crm.forms_base import BaseForm
from crm.models import Project
from crm.pages import page
from crm.roles import Action, Limit
from leads import scripts, vocabulary
from leads.actions import scripts as actions
from leads.gates import project_of, user_of

POLICY = (Action.DRAFT_POLICY, Action.REVIEW_POLICY, Action.APPROVE_POLICY)
#: what the preview merges in: prescribed Chinese, as a customer would hear it
SAMPLE = {
    "name": "王女士",
    "project": "",
    "consultant": "林晓",
    "interests": "学校、户型",
    "objections": "价格",
    "occasion": "周末样板间开放",
    "appointment": "周六上午十点",
}


class TextForm(BaseForm):
    text = forms.CharField(
        label=gettext_lazy("Text"), max_length=actions.LONGEST, widget=forms.Textarea(attrs={"rows": 12})
    )


def _editor_project(request: HttpRequest) -> Project:
    project = project_of(request)
    if not any(
        may(user_of(request), action, project, without=(Limit.AFTER_SALES_ONLY,)) for action in POLICY
    ):
        raise PermissionDenied
    return project


def named(kind: str, key: str) -> str:
    """What a text is for, in words."""
    if kind == "answer":
        return vocabulary.label(vocabulary.CAUSES, key, get_language() or "en")
    names = {scripts.APPOINTMENT: _("Confirming a visit"), scripts.NO_SHOW: _("After a visit not kept")}
    return names.get(key, key)


@require_safe
def script_list(request: HttpRequest) -> HttpResponse:
    """Every text, with those in the project's own wording marked."""
    project = _editor_project(request)
    groups = []
    for kind, (model, column, standard) in actions.KINDS.items():
        own = dict(model.objects.filter(project=project).values_list(column, "edited_by__name"))
        groups.append((kind, [(key, named(kind, key), key in own, own.get(key)) for key in standard]))
    return page(request, "leads/scripts.html", {"groups": groups})


@require_http_methods(["GET", "HEAD", "POST"])
def script_edit(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """Edit one text, preview it, or reset it to the standard one."""
    project, user, now = _editor_project(request), user_of(request), clock.now()
    if kind not in actions.KINDS or key not in actions.KINDS[kind][2]:
        raise Http404
    model, column, standard = actions.KINDS[kind]
    row = model.objects.filter(project=project, **{column: key}).first()
    form = TextForm(request.POST or None, initial={"text": row.text if row else standard[key]})
    what = request.POST.get("what", "")
    if what == "reset":
        actions.reset(project=project, kind=kind, key=key, by=user, at=now)
        messages.success(request, _("The standard text is back."))
        return redirect("leads:scripts")
    if request.method == "POST" and form.is_valid() and what != "preview":
        try:
            actions.save(project=project, kind=kind, key=key, text=form.cleaned_data["text"], by=user, at=now)
            return redirect("leads:scripts")
        except RuleViolation as violation:
            form.refuse(violation)
    context = {"form": form, "kind": kind, "key": key, "title": named(kind, key), "own": row is not None}
    context |= {"preview": preview(form["text"].value() or "", project), "fields": scripts.FIELDS}
    return page(request, "leads/script.html", context, status=422 if form.errors else 200)


def preview(text: str, project: Project) -> str:
    """The text as it would be spoken to a sample customer; unknown fields are left standing."""
    values: dict[str, Any] = SAMPLE | {"project": project.short_name}
    values |= {name: f"{{{name}}}" for name in scripts.unknown_fields(text)}
    return scripts.render(text, values)
