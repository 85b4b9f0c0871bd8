"""The people of an audience, as querysets: counted while it is put together, planned when it is frozen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import Case, CharField, Count, Exists, F, Max, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, JSONObject, Length

from campaigns.facts_greetings import spokesperson
from campaigns.rules_audiences import LEAD_STAGES, OWNER_STAGES, Audience, Who
from campaigns.rules_broadcasts import PERSONAL
from crm.models import Building, OptOut, Project
from crm.names import LONGEST
from leads.models import Deal, HeardVia, Lead, Objection, Visit
from leads.models.querysets import LeadQuerySet
from leads.vocabulary import WANTED_TYPES

BOUGHT = ("subscribed", "signed", "handed_over")


def leads_of(project: Project, audience: Audience) -> LeadQuerySet:
    """The leads of a project that an audience names: ordinary ones, live, or closed because they bought."""
    asks = _who(audience)
    if audience.grades:
        asks &= Q(grade__in=audience.grades)
    if audience.stages:
        asks &= Q(stage__in=audience.stages)
    if audience.sources:
        asks &= Q(heard_via__in=audience.sources)
    if audience.wanted:
        asks &= _wanted(audience.wanted)
    if audience.causes:
        held = Objection.objects.filter(lead=OuterRef("pk"), cause__in=audience.causes, dissolved_at=None)
        asks &= Q(Exists(held))
    if audience.buildings:
        asks &= _in_buildings(audience.buildings)
    if audience.not_since is not None:
        day = _midnight(audience.not_since, project)
        asks &= Q(last_talk_at=None) | Q(last_talk_at__lt=day)
        asks &= Q(last_visit_at=None) | Q(last_visit_at__lt=day)
    if audience.since is not None:
        day = _midnight(audience.since, project)
        asks &= Q(last_talk_at__gte=day) | Q(last_visit_at__gte=day)
    return Lead.objects.current().filter(asks, project=project, kind=Lead.Kind.ORDINARY)


def _who(audience: Audience) -> Q:
    """Who has said no (lost) or is nobody (invalid) gets no broadcast."""
    leads = Q(stage__in=LEAD_STAGES, state=Lead.State.LIVE)
    owners = Q(stage__in=OWNER_STAGES, state__in=[Lead.State.LIVE, Lead.State.CLOSED])
    return {Who.LEADS: leads, Who.OWNERS: owners}.get(Who(audience.who), leads | owners)


def _wanted(codes: Collection[str]) -> Q:
    """By the code of the visit form, or by the word of a register (leads.vocabulary)."""
    asks = Q(pk__in=[])
    for code in codes:
        asks |= Q(wanted__startswith=code) | Q(wanted__startswith=WANTED_TYPES[code].zh)
    return asks


def _in_buildings(buildings: Collection[int]) -> Q:
    """Who bought in one of them, or was shown a unit of one."""
    bought = Deal.objects.filter(lead=OuterRef("pk"), unit__building__in=buildings, step__in=BOUGHT)
    seen = Visit.objects.filter(lead=OuterRef("pk"), units__building__in=buildings, voided_at=None)
    return Q(Exists(bought)) | Q(Exists(seen))


def _midnight(day: dt.date, project: Project) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), project.zone)


def audience_rows(project: Project, audience: Audience, fields: Collection[str] = ()) -> QuerySet[Any, Any]:
    """The audience as the outbox takes it: who signs, and the personal values of the text's {fields}."""
    rows = leads_of(project, audience).annotate(
        signed_by=Coalesce(F("consultant__name"), Value(spokesperson(project)))
    )
    personal = sorted(set(fields) & set(PERSONAL))
    if not personal:
        return rows.values("customer_id", "signed_by")
    known: Mapping[str, Any] = {
        "consultant": Coalesce(F("consultant__name"), Value("")),
        "wanted": _wanted_text(),
    }
    return rows.annotate(values=JSONObject(**{name: known[name] for name in personal})).values(
        "customer_id", "signed_by", "values"
    )


def _wanted_text() -> Case:
    """The wanted type in Chinese; blank when none is known, which the plan lists as missing."""
    arms = [
        When(Q(wanted__startswith=code) | Q(wanted__startswith=words.zh), then=Value(words.zh))
        for code, words in WANTED_TYPES.items()
    ]
    return Case(*arms, default=Value(""), output_field=CharField())


def measure(project: Project, audience: Audience) -> dict[str, int]:
    """How many people an audience has, how many more have said no to such messages and get none, and its longest
    names, for the length of the longest text. Two queries.
    """
    rows = leads_of(project, audience)
    said_no = OptOut.objects.filter(customer=OuterRef("customer"), scope="marketing_sms", lifted_by=None)
    stopped = rows.filter(Exists(said_no)).aggregate(people=Count("customer", distinct=True))["people"]
    found = rows.aggregate(
        people=Count("customer", distinct=True),
        name=Max(Length("customer__name")),
        consultant=Max(Length("consultant__name")),
    )
    return {
        "people": found["people"] - stopped,
        "stopped": stopped,
        "name": min(found["name"] or 1, LONGEST),
        "consultant": found["consultant"] or len(spokesperson(project)) or 1,
    }


def sources(project: Project) -> list[tuple[int, str]]:
    """How its customers heard of a project, as choices."""
    return list(HeardVia.objects.filter(project=project, active=True).values_list("pk", "name"))


def buildings(project: Project) -> list[tuple[int, str]]:
    """The buildings of a project, as choices."""
    return list(Building.objects.filter(project=project).order_by("name", "pk").values_list("pk", "name"))
