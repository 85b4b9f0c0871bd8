"""Named filters of leads and tasks: visibility, bins (PX-10), search. Every list and count goes through
these.
"""

from __future__ import annotations

import datetime as dt

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Case, Count, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import JSONObject

from crm.access import scope
from crm.models import Customer, CustomerPhone, OptOut, Project, User
from crm.names import query_bigrams
from crm.roles import Action, Limit
from crm.states import Preference
from leads.rules_due import SAME_DAY
from leads.states import Bin

NOT_A_VIEW = (Limit.EXISTENCE_ONLY, Limit.COUNTS_ONLY, Limit.WITH_DEAL)
TAIL_DIGITS = 4


ENDED = {
    Bin.INVALID: Q(state="invalid"),
    Bin.LOST: Q(state="lost"),
    Bin.CLOSED: Q(state="closed"),
}


def _live_bins(now: dt.datetime) -> dict[Bin, Q]:
    """The bins of live leads (PX-10): a lead stands in the first whose condition holds."""
    return {
        Bin.POOL: Q(consultant=None),
        Bin.REVIEW: Q(review_due_at__isnull=False) | Q(due_at=None, rejudge_at__lte=now),
        Bin.MESSAGES_ONLY: Q(due_at=None) & ~Q(quiet_clause=""),
        Bin.HELD: Q(held_until__gt=now),
        Bin.TASK_OPEN: Q(opens_at__lte=now),
        Bin.WAITING: Q(opens_at__gt=now),
    }


class LeadQuerySet(models.QuerySet):
    def current(self) -> LeadQuerySet:
        """Leads that were not merged into another."""
        return self.filter(merged_into=None)

    def visible_to(self, user: User) -> LeadQuerySet:
        """The leads a user may open, by docs/roles.md: own (a stand-in's included), project, all; a clerk
        those with a deal.
        """
        own = Q(consultant=user) | Q(stand_in=user)
        rows: Q | Combinable = scope(user, Action.SEE_LEADS, without=NOT_A_VIEW).q(own)
        with_deal = scope(user, Action.SEE_LEADS, without=(Limit.EXISTENCE_ONLY, Limit.COUNTS_ONLY))
        extra = with_deal.projects - scope(user, Action.SEE_LEADS, without=NOT_A_VIEW).projects
        if extra:
            deals = self.model._meta.get_field("deals").related_model
            assert deals is not None
            rows |= Q(project_id__in=extra) & Exists(deals._default_manager.filter(lead=OuterRef("pk")))
        return self.current().filter(rows)

    def countable_by(self, user: User) -> LeadQuerySet:
        """The leads a user's figures may count: what they see, and whole projects for those who get counts
        only.
        """
        rows = scope(user, Action.SEE_FIGURES).q(Q(consultant=user))
        return self.current().filter(rows)

    def with_bin(self, now: dt.datetime) -> LeadQuerySet:
        """Annotate `bin`: each live lead's one bin of PX-10, in one CASE; `nobody` must never come up."""
        return self.annotate(
            bin=Case(
                *(When(where, then=Value(code.value)) for code, where in ENDED.items()),
                *(When(where, then=Value(code.value)) for code, where in _live_bins(now).items()),
                default=Value("nobody"),
                output_field=models.CharField(),
            )
        )

    def in_bin(self, code: str, now: dt.datetime) -> LeadQuerySet:
        """Those whose `bin` is this one, said in plain conditions: of a CASE the database cannot guess how many leads
        it holds for, and sorts a whole project for one page.
        """
        if code in ENDED:
            return self.filter(ENDED[Bin(code)])
        rows = self.filter(state="live")
        for each, where in _live_bins(now).items():
            if each == code:
                return rows.filter(where)
            rows = rows.exclude(where)
        return self.none()

    def for_page(self, now: dt.datetime) -> LeadQuerySet:
        """`with_bin`, what the lead cares about (`points`, `held_back_by`), and whether there is anything to read of
        what few leads have: `has_deals`, `has_units`.
        """
        deals, visits, interests, objections = (
            self.model._meta.get_field(name).related_model._default_manager.filter(lead=OuterRef("pk"))  # type: ignore[union-attr]
            for name in ("deals", "visit_rows", "interests", "objections")
        )
        objection = JSONObject(cause="cause", note="note", dissolved_at="dissolved_at")
        return self.with_bin(now).annotate(
            has_deals=Exists(deals),
            has_units=Exists(visits.filter(units__isnull=False)),
            points=ArraySubquery(interests.order_by("pk").values("point")),
            held_back_by=ArraySubquery(
                objections.order_by("dissolved_at", "raised_at").values(told=objection)
            ),
        )

    def bins(self, now: dt.datetime) -> dict[str, int]:
        """Leads by bin, in one query; the values add up to `self.count()`."""
        rows = self.with_bin(now).order_by().values("bin").annotate(n=Count("pk"))
        return {row["bin"]: row["n"] for row in rows}

    def overdue(self, now: dt.datetime) -> LeadQuerySet:
        return self.filter(state="live", due_at__lt=now)

    def search(self, text: str) -> LeadQuerySet:
        """By name (characters in order) or, from 4 digits on, by the end of a number (PX-12: never by its
        middle).
        """
        text = text.strip()
        digits = "".join(character for character in text if character.isdigit())
        if len(digits) >= TAIL_DIGITS:
            holders = CustomerPhone.objects.filter(reversed__startswith=digits[::-1], live=True)
            return self.filter(household__in=holders.values("customer__household"))
        wanted = query_bigrams(text)
        if not wanted:
            return self.none() if text else self
        named = Customer.objects.filter(bigrams__contains=wanted, merged_into=None)
        return self.filter(household__in=named.values("household"))

    def key_customers(self) -> LeadQuerySet:
        """SC-2.3a: grade A, or an A or B lead flagged key; and owners flagged as such (SC-5.1). Ordinary leads only."""
        owner = Q(stage__in=["subscribed", "signed", "handed_over"])
        return self.filter(
            (~owner & Q(state="live") & (Q(grade="A") | Q(is_key=True, grade__in=["A", "B"])))
            | (owner & Q(is_key=True, state__in=["live", "closed"])),
            kind="ordinary",
        )

    def may_be_called(self) -> LeadQuerySet:
        """A consultant calls them, on a number that is not known to be wrong, and they wish for it (SC-7)."""
        number = CustomerPhone.objects.filter(customer=OuterRef("customer"), live=True, bad_since=None)
        stop = OptOut.objects.filter(customer=OuterRef("customer"), scope="calls", lifted_by=None)
        wish = (Preference.WELCOME.value, Preference.FEWER.value)
        return self.filter(
            Exists(number), ~Exists(stop), consultant__isnull=False, customer__preference__in=wish
        )

    def one_a_party(self) -> LeadQuerySet:
        """Of each party's leads the one that speaks for it in every project: live first, talked to last, newest."""
        chosen = self.order_by(
            "household_id",
            Case(When(state="live", then=0), default=1),
            F("last_talk_at").desc(nulls_last=True),
            "-pk",
        ).distinct("household_id")
        return LeadQuerySet(self.model).filter(pk__in=chosen.values("pk"))

    def for_rows(self) -> LeadQuerySet:
        """What a line of a list shows, in a constant number of queries."""
        return self.select_related("customer", "consultant", "heard_via", "project").prefetch_related(
            models.Prefetch(
                "customer__phones",
                queryset=CustomerPhone.objects.filter(live=True).order_by("-is_main", "id"),
                to_attr="live_phones",
            )
        )

    def for_lines(self) -> LeadQuerySet:
        """What a line of a list on a page shows and no more, `main_number` with it, in one query."""
        numbers = CustomerPhone.objects.filter(customer=OuterRef("customer"), live=True)
        return (
            self.select_related("customer", "consultant", "heard_via")
            .only(
                *("grade", "is_key", "stage", "last_talk_at", "due_at", "held_until"),
                *("clause", "quiet_clause", "review_clause"),
                *("customer__name", "customer__salutation", "heard_via__name"),
                *("consultant__name", "consultant__username"),
            )
            .annotate(main_number=Subquery(numbers.order_by("-is_main", "id").values("e164")[:1]))
        )


class CallTaskQuerySet(models.QuerySet):
    def open(self) -> CallTaskQuerySet:
        return self.filter(state="open")

    def visible_to(self, user: User) -> CallTaskQuerySet:
        """Tasks of leads the user may open, and those on the user's own list."""
        own = Q(assignee=user) | Q(lead__consultant=user)
        return self.filter(
            scope(user, Action.SEE_LEADS, without=NOT_A_VIEW).q(own, project="lead__project_id"),
            lead__merged_into=None,
        )

    def same_day_open(self, project: Project) -> CallTaskQuerySet:
        """Same-day duties of a project that are not reached yet; without those that no number reaches (PX-1)."""
        rows = self.open().filter(lead__project=project, lead__merged_into=None, clause__in=sorted(SAME_DAY))
        return rows.exclude(lead__review_clause="PX-1")

    def on_list_of(self, user: User, day: dt.date, now: dt.datetime) -> CallTaskQuerySet:
        """What stands on a person's list of `day`: open, theirs to do, its list day come and its window begun."""
        return self.open().filter(assignee=user, list_day__lte=day, opens_at__lte=now, lead__merged_into=None)

    def late(self, now: dt.datetime) -> CallTaskQuerySet:
        """Closed after the due moment, or still open past it (PX-14)."""
        return self.filter(Q(closed_at__gt=F("due_at")) | Q(state="open", due_at__lt=now))
