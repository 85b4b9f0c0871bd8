"""One person, one record: link a family, merge doubles, undo for 30 days (PX-3)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.access import get_visible, require_somewhere
from crm.errors import RuleViolation
from crm.models import Customer, CustomerPhone, User
from crm.pages import page
from crm.roles import Action
from crm.seek import seek
from leads.actions import merging as actions
from leads.forms_manage import MergeForm
from leads.gates import foreign, may_join, open_lead, user_of
from leads.models import Lead, MergeRecord
from leads.views_lead import saved

SHOWN = 10


def _lead_to_join(request: HttpRequest, pk: int) -> Lead:
    """A lead whose whole party the user decides on: 404 when it is invisible, 403 when it may only be looked at."""
    row, user = open_lead(request, pk), user_of(request)
    if not may_join(user, row):
        raise PermissionDenied
    return row


def candidates(user: User, lead: Lead) -> QuerySet[Customer]:
    """Customers that may be joined with the lead's: all leads of both parties lie where the user decides."""
    ours = Lead.objects.current().filter(household=OuterRef("household"))
    others = foreign(user)
    rows = Customer.objects.filter(merged_into=None).exclude(pk=lead.customer_id)
    if others.filter(household=lead.household_id).exists():
        return rows.none()
    return rows.filter(Exists(ours)).exclude(Exists(others.filter(household=OuterRef("household"))))


def told_apart(rows: QuerySet[Customer]) -> QuerySet[Customer]:
    """With what tells two people of one name apart: `live_phones`, and the `current_leads` of their household."""
    phones = CustomerPhone.objects.filter(live=True).order_by("-is_main", "id")
    leads = Lead.objects.current().select_related("consultant", "project").order_by("pk")
    return rows.prefetch_related(
        Prefetch("phones", queryset=phones, to_attr="live_phones"),
        Prefetch("household__leads", queryset=leads, to_attr="current_leads"),
    )


def _found(user: User, lead: Lead, text: str) -> list[Customer]:
    """People of the own party first (doubles within it), then whom the search finds."""
    rows = told_apart(candidates(user, lead))
    hits = Lead.objects.visible_to(user).search(text).values("household") if text.strip() else None
    wanted = Q(household=lead.household_id) | (Q(household__in=hits) if hits is not None else Q(pk__in=[]))
    return list(rows.filter(wanted).order_by("pk")[:SHOWN])


def moving(customer: Customer) -> dict[str, int]:
    """What a merge would move, counted."""
    leads = Lead.objects.current().filter(household=customer.household_id)
    events = leads.aggregate(calls=Count("calls", distinct=True), visits=Count("visit_rows", distinct=True))
    return {
        "leads": leads.count(),
        "numbers": customer.phones.filter(live=True).count(),
        "contacts": customer.contacts.count(),
        **events,
    }


@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Find the other record, see what would move, then link or merge."""
    row, user = _lead_to_join(request, pk), user_of(request)
    asked = request.POST if request.method == "POST" else request.GET
    text, other = asked.get("q", "")[:60], asked.get("other", "")
    context: dict[str, Any] = {"lead": row, "q": text}
    if not (other.isascii() and other.isdigit() and len(other) < 19):
        context["found"] = _found(user, row, text)
        return page(request, "leads/merge.html", context)
    second = get_visible(told_apart(candidates(user, row)), pk=int(other))
    form = MergeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            _join(row, second, form.cleaned_data, by=user, at=clock.now())
        except RuleViolation as violation:
            form.refuse(violation)
        else:
            return saved(request, pk, _("Done. It can be undone for 30 days."))
    first = told_apart(Customer.objects.all()).get(pk=row.customer_id)
    context |= {"first": first, "other": second, "form": form, "moving": moving(second)}
    return page(request, "leads/merge.html", context, status=422 if form.errors else 200)


def _join(lead: Lead, other: Customer, said: dict[str, Any], *, by: User, at: dt.datetime) -> None:
    if said["how"] == "link":
        actions.link_party(main=lead.customer, other=other, relation=said["relation"], by=by, at=at)
    else:
        actions.merge_customers(winner=lead.customer, loser=other, reason=said["reason"], by=by, at=at)


def _records(user: User) -> QuerySet[MergeRecord]:
    """Merges of which the user decides on both parties, in every project where either has a lead."""
    current, others = Lead.objects.current(), foreign(user)
    rows = MergeRecord.objects.filter(Exists(current.filter(household=OuterRef("winner__household"))))
    for party in ("winner__household", "loser__household"):
        rows = rows.exclude(Exists(others.filter(household=OuterRef(party))))
    return rows


@require_safe
def merges(request: HttpRequest) -> HttpResponse:
    """What was linked or merged in the days in which it can be undone."""
    user, now = user_of(request), clock.now()
    require_somewhere(user, Action.DECIDE_ATTRIBUTION)
    rows = _records(user).filter(at__gte=now - dt.timedelta(days=actions.UNDO_DAYS))
    told = rows.select_related("winner", "loser", "by", "undone_by")
    context = {"page": seek(told, request.GET, order=("-at", "-id"))}
    return page(request, "leads/merges.html", context)


@require_POST
def merge_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Put back what a merge moved."""
    user = user_of(request)
    require_somewhere(user, Action.DECIDE_ATTRIBUTION)
    row = get_visible(_records(user), pk=pk)
    try:
        actions.undo_merge(record_id=row.pk, by=user, at=clock.now())
        messages.success(request, _("Undone: both records are as they were."))
    except RuleViolation as violation:
        messages.error(request, str(violation.text))
    return redirect("leads:merges")
