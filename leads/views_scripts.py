"""The project's scripts and answers to objections, beside the standard texts (SC-12)."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from crm import clock
from crm.errors import RuleViolation
from crm.pages import page
from leads import scripts
from leads.actions import scripts as actions
from leads.forms_scripts import TextForm
from leads.gates import manager_project, user_of
from leads.labels import script_title
from leads.models import ObjectionAnswer, Script

EXAMPLE = {
    "name": "王芳女士",
    "project": "江畔雅苑",
    "consultant": "林晓",
    "interests": "学校、采光景观",
    "objections": "价格",
    "occasion": "本月首付分期",
    "appointment": "周六 14:00",
}


@require_safe
def script_list(request: HttpRequest) -> HttpResponse:
    """Every script and answer, with a mark on the project's own."""
    project = manager_project(request)
    own = set(Script.objects.filter(project=project).values_list("clause", flat=True))
    own_answers = set(ObjectionAnswer.objects.filter(project=project).values_list("cause", flat=True))
    context = {
        "scripts": [(key, script_title(key), key in own) for key in scripts.SCRIPTS],
        "answers": [(key, key in own_answers) for key in scripts.ANSWERS],
    }
    return page(request, "leads/scripts.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def script(request: HttpRequest, what: str, key: str) -> HttpResponse:
    """Edit one text; the preview shows it with the fields filled in."""
    project = manager_project(request)
    standard = (scripts.SCRIPTS if what == "script" else scripts.ANSWERS).get(key)
    if standard is None:
        raise Http404
    if what == "script":
        own = Script.objects.filter(project=project, clause=key).values_list("text", flat=True).first()
    else:
        own = (
            ObjectionAnswer.objects.filter(project=project, cause=key).values_list("text", flat=True).first()
        )
    form = TextForm(request.POST or None, initial={"text": own or standard})
    if request.method == "POST" and form.is_valid() and _saved(request, form, what, key):
        messages.success(request, _("Saved."))
        return redirect("leads:scripts")
    text = form["text"].value() or standard
    context = {"form": form, "key": key, "what": what, "own": own, "standard": standard}
    context["title"] = script_title(key) if what == "script" else ""
    context |= {"preview": scripts.render(text, EXAMPLE), "fields": scripts.FIELDS}
    return page(request, "leads/script.html", context, status=422 if form.errors else 200)


def _saved(request: HttpRequest, form: TextForm, what: str, key: str) -> bool:
    given = {"project": manager_project(request), "text": form.cleaned_data["text"], "by": user_of(request)}
    try:
        if what == "script":
            actions.save_script(clause=key, at=clock.now(), **given)
        else:
            actions.save_answer(cause=key, at=clock.now(), **given)
    except RuleViolation as violation:
        form.refuse(violation)
        return False
    return True
