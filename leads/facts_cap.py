"""How often one customer may still be contacted (SC-6): what was had, what is planned, from which day more may come."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Q

from crm.contact_cap import (
    MONTH,
    WEEK,
    Caps,
    Held,
    Kind,
    Ledger,
    Means,
    Request,
    decide,
    free_from,
)
from crm.models import Contact, Message, Occasion, OptOut, SendRun
from crm.models.bulk import these
from crm.models.contacts import MARKETING_SMS
from crm.rules_messages import RESERVED, Left, Priority
from crm.states import Preference
from leads import facts
from leads.models import Lead
from leads.policy import Policy
from leads.rules_messaging import OWN_MATTER
from leads.rules_types import ProjectClock

ONE_DAY = dt.timedelta(days=1)


def caps_of(policy: Policy) -> Caps:
    """The numbers of SC-6 as the cap reads them."""
    return Caps(
        conversations_a_day=policy.cap_conversations_day,
        conversations_a_week=policy.cap_conversations_week,
        passing_conversations_a_day=policy.cap_urgent_conversations_day,
        tries_a_day=policy.cap_tries_day,
        marketing_sms_a_day=policy.cap_marketing_sms_day,
        marketing_sms_a_month=policy.cap_marketing_sms_30_days,
    )


@dataclass(frozen=True, slots=True)
class Written:
    """One customer's marketing messages by a project's days: those of thirty days, and those planned."""

    had: tuple[dt.date, ...] = ()
    planned: tuple[dt.date, ...] = ()


def written_to(customer_ids: Collection[int], clock: ProjectClock, at: dt.datetime) -> dict[int, Written]:
    """What these customers got and are to get, over every project, of what a consultant's message gives way to.

    Two queries.
    """
    had: dict[int, list[dt.date]] = defaultdict(list)
    planned: dict[int, list[dt.date]] = defaultdict(list)
    got = Contact.objects.filter(
        MARKETING_SMS, customer__in=these(customer_ids), at__gte=at - (MONTH + 1) * ONE_DAY
    )
    for customer, moment in got.values_list("customer_id", "at"):
        had[customer].append(clock.local_day(moment))
    coming = Message.objects.filter(
        customer__in=these(customer_ids), counts=True, state__in=RESERVED, run__priority__lte=Priority.SALES
    )
    coming = coming.exclude(reason=Left.CAP).exclude(run__state=SendRun.State.CANCELLED)
    for customer, day in coming.values_list("customer_id", "day"):
        if customer is not None:
            planned[customer].append(day)
    return {key: Written(tuple(had[key]), tuple(planned[key])) for key in {*had, *planned}}


def kept_free(project_id: int, today: dt.date) -> list[dt.date]:
    """The next festival, whose greeting keeps its place. One query."""
    rows = Occasion.objects.filter(
        Q(project=project_id) | Q(project=None),
        kind=Occasion.Kind.FESTIVAL,
        starts_on__gt=today,
        starts_on__lte=today + MONTH * ONE_DAY,
    )
    return list(rows.order_by("starts_on").values_list("starts_on", flat=True)[:1])


def may_write_from(
    written: Written, day: dt.date, caps: Caps, festivals: Sequence[dt.date], kind: Kind = Kind.PERIODIC
) -> dt.date:
    """The first day, `day` or later, on which a consultant's message may go. What is planned keeps its place."""
    planned = [each for each in written.planned if each not in festivals]
    ledger = Ledger(marketing_sms=(*written.had, *(each for each in planned if each <= day)))
    later = [*festivals, *(each for each in planned if each > day)]
    decision = decide(ledger, Request(kind, Means.SMS), day, caps, later)
    return decision.until if isinstance(decision, Held) else day


@dataclass(frozen=True, slots=True)
class Taken:
    """What the cap counts of some leads: talks by party, messages by customer, the festivals of projects."""

    had: Mapping[int, facts.Had] = field(default_factory=dict)
    written: Mapping[int, Written] = field(default_factory=dict)
    festivals: Mapping[int, Sequence[dt.date]] = field(default_factory=dict)

    def call_from(
        self, party: int, frame: facts.Frame, today: dt.date, listed: dt.date, urgent: bool
    ) -> dt.date:
        """The first day, `listed` or later, on which a party may be called."""
        had = self.had.get(party)
        if had is None:
            return listed
        return free_from(had.in_days(frame.clock, today), listed, urgent, caps_of(frame.policy))

    def write_from(self, clause: str, customer: int, frame: facts.Frame, listed: dt.date) -> dt.date:
        """The first day, `listed` or later, on which the message of a duty may go; the customer's own matter may."""
        written = self.written.get(customer)
        if written is None or clause in OWN_MATTER:
            return listed
        kind = Kind.CLOSED_CARE if clause == "SC-4.2" else Kind.PERIODIC
        festivals = self.festivals.get(frame.project.pk, ())
        return may_write_from(written, listed, caps_of(frame.policy), festivals, kind)


def taken(
    parties: Collection[int],
    owed: Mapping[int, Sequence[int]],
    frames: Mapping[int, facts.Frame],
    at: dt.datetime,
) -> Taken:
    """`owed`: the customers of each project who are owed a message. One query, and three a project of these."""
    written: dict[int, Written] = {}
    festivals: dict[int, Sequence[dt.date]] = {}
    for project, customers in owed.items():
        frame = frames[project]
        written |= dict.fromkeys(customers, Written()) | written_to(customers, frame.clock, at)
        festivals[project] = kept_free(project, frame.today(at))
    return Taken(facts.had(parties, at - WEEK * ONE_DAY), written, festivals)


@dataclass(frozen=True, slots=True)
class Room:
    """What the cap leaves of one customer: numbers had against numbers allowed, and the next days."""

    caps: Caps
    talks_today: int
    talks_week: int
    sms_today: int
    sms_month: int
    planned: tuple[dt.date, ...]
    festivals: tuple[dt.date, ...]
    call_from: dt.date
    write_from: dt.date
    today: dt.date
    #: what the customer has said: no calls, no marketing messages
    called: bool
    written_to: bool

    @property
    def call_now(self) -> bool:
        return self.call_from == self.today

    @property
    def write_now(self) -> bool:
        return self.write_from == self.today


def room_of(lead: Lead, frame: facts.Frame, at: dt.datetime) -> Room:
    """The cap as the customer's page explains it. Five queries."""
    caps = caps_of(frame.policy)
    today = frame.today(at)
    had = facts.had([lead.household_id], at - (WEEK + 1) * ONE_DAY).get(lead.household_id, facts.Had())
    ledger = had.in_days(frame.clock, today)
    written = written_to([lead.customer_id], frame.clock, at).get(lead.customer_id, Written())
    festivals = kept_free(lead.project_id, today)
    stopped = OptOut.objects.filter(customer=lead.customer_id, scope="marketing_sms", lifted_by=None).exists()
    return Room(
        caps=caps,
        talks_today=ledger.conversations.count(today),
        talks_week=sum(day > today - WEEK * ONE_DAY for day in ledger.conversations),
        sms_today=written.had.count(today),
        sms_month=sum(day > today - MONTH * ONE_DAY for day in written.had),
        planned=tuple(sorted(written.planned)),
        festivals=tuple(festivals),
        call_from=free_from(ledger, today, False, caps),
        write_from=may_write_from(written, today, caps, festivals),
        today=today,
        called=lead.customer.preference not in (Preference.DO_NOT_CONTACT, Preference.MESSAGES_ONLY),
        written_to=lead.customer.preference != Preference.DO_NOT_CONTACT and not stopped,
    )
