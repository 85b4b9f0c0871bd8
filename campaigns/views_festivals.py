"""The table of festivals, its review, and a project's greetings (SC-5.1)."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns import facts_festivals, gates
from campaigns.actions import festivals
from campaigns.forms_festivals import FestivalForm, GreetingForm
from campaigns.forms_milestones import ReasonForm
from campaigns.models import FestivalDay, GreetingText
from campaigns.rules_greetings import STANDARD, TOGETHER
from crm import clock
from crm.access import get_visible
from crm.asked import number
from crm.deeds import attempt, posted, press
from crm.gates import user_of
from crm.models import Project, User
from crm.pages import page
from crm.project_context import current_project

FIRST_YEAR, LAST_YEAR = 2000, 2100
YEARS_AHEAD = 5


def _year(request: HttpRequest) -> int:
    asked = request.GET.get("year") or request.POST.get("year") or ""
    if not asked:
        return clock.now().year
    year = number(asked)
    if year is None or not FIRST_YEAR <= year <= LAST_YEAR:
        raise Http404
    return year


def _table_of(year: int) -> str:
    return f"{reverse('campaigns:festivals')}?year={year}"


@require_safe
def table(request: HttpRequest) -> HttpResponse:
    """The festivals of a year: when, whether greeted, what is said, whether it is reviewed."""
    user, year, now = gates.festivals_user(request), _year(request), clock.now()
    project = current_project(request)
    rows = facts_festivals.table(year, project)
    context = {
        "rows": rows,
        "year": year,
        "years": sorted({year, *range(now.year, now.year + YEARS_AHEAD + 1)}),
        "project": project,
        "reviews": facts_festivals.reviews_of(rows),
        "waits": any(row.festival.reviewed_at is None for row in rows),
        "may_review": gates.may_review_festivals(user),
        "may_write": project is not None and gates.may_make(user, project),
        "may_approve": project is not None and gates.may_approve(user, project),
    }
    return page(request, "campaigns/festivals.html", context)


@require_POST
def fill(request: HttpRequest) -> HttpResponse:
    """Compute a year's missing festivals."""
    user, year = gates.festivals_reviewer(request), _year(request)
    new = festivals.fill(years=[year], by=user, at=clock.now())
    added = ngettext("%(n)d festival day added.", "%(n)d festival days added.", new) % {"n": new}
    messages.success(request, added)
    return redirect(_table_of(year))


@require_POST
def review(request: HttpRequest) -> HttpResponse:
    """Sign the year."""
    user, year = gates.festivals_reviewer(request), _year(request)
    press(request, lambda: festivals.review(year=year, by=user, at=clock.now()), _("Reviewed."))
    return redirect(_table_of(year))


@require_http_methods(["GET", "HEAD", "POST"])
def festival(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct one festival."""
    user = gates.festivals_reviewer(request)
    row = get_object_or_404(FestivalDay, pk=pk)
    form = FestivalForm(posted(request), initial={"day": row.day, "on": row.on})
    if request.method == "POST" and attempt(
        form, lambda: festivals.correct(festival_id=pk, **form.cleaned_data, by=user, at=clock.now())
    ):
        messages.success(request, _("Saved. Another person reviews it before anybody is greeted."))
        return redirect(_table_of(form.cleaned_data["day"].year))
    context = {"form": form, "row": row}
    return page(request, "campaigns/festival.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def greeting(request: HttpRequest, code: str) -> HttpResponse:
    """Write the project's own greeting for a festival."""
    project, user = gates.campaign_project(request), user_of(request)
    if code not in STANDARD:
        raise Http404
    if request.method == "POST" and not gates.may_make(user, project):
        raise PermissionDenied
    approved, waiting = facts_festivals.own_texts(project)
    written = waiting[code].body if code in waiting else approved.get(code, STANDARD[code])
    form = GreetingForm(posted(request), initial={"body": written})
    propose = partial(festivals.propose_text, project=project, code=code, by=user, at=clock.now())
    if request.method == "POST" and attempt(form, lambda: propose(body=form.cleaned_data["body"])):
        messages.success(request, _("Saved. It is used once the sales manager approves it."))
        return redirect("campaigns:greeting", code=code)
    context = {
        "form": form,
        "code": code,
        "name": facts_festivals.text_names()[code],
        "together": code == TOGETHER,
        "standard": STANDARD[code],
        "in_use": approved.get(code),
        **_approval(user, project, waiting.get(code)),
    }
    return page(request, "campaigns/greeting.html", context, status=422 if form.errors else 200)


def _approval(user: User, project: Project, waits: GreetingText | None) -> dict[str, object]:
    """The text that waits, and what this reader may do about it."""
    open_to_decide = waits is not None and not waits.reason and waits.prepared_by_id != user.pk
    return {
        "waits": waits,
        "back": ReasonForm(),
        "may_write": gates.may_make(user, project),
        "may_approve": open_to_decide and gates.may_approve(user, project),
    }


def _text_to_decide(request: HttpRequest, pk: int) -> GreetingText:
    project = gates.campaign_project(request)
    row = get_visible(GreetingText.objects.filter(project=project), pk=pk)
    if not gates.may_approve(user_of(request), project):
        raise PermissionDenied
    return row


@require_POST
def greeting_approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve what marketing wrote."""
    row = _text_to_decide(request, pk)
    deed = partial(festivals.approve_text, text_id=row.pk, by=user_of(request), at=clock.now())
    press(request, deed, _("Approved: it is used from the next greeting on."))
    return redirect("campaigns:greeting", code=row.code)


@require_POST
def greeting_send_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Give it back with the reason."""
    row, form = _text_to_decide(request, pk), ReasonForm(request.POST)
    deed = partial(festivals.send_back_text, text_id=row.pk, by=user_of(request), at=clock.now())
    if not attempt(form, lambda: deed(**form.cleaned_data)):
        return page(request, "campaigns/greeting_back.html", {"row": row, "form": form}, status=422)
    messages.success(request, _("Sent back with your words."))
    return redirect("campaigns:greeting", code=row.code)
