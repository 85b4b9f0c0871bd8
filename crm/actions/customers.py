"""Writing customers: who they are, their numbers, their party, and what they allow (PX-3, SC-7, SC-8)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence

from django.db import connection, transaction
from django.utils.translation import gettext as _

from crm.actions import audit
from crm.errors import RuleViolation
from crm.models import Consent, Customer, CustomerPhone, Household, OptOut, Suppression, User
from crm.names import clean_name, is_name, search_bigrams
from crm.phones import Number, message, parse, reversed_digits
from crm.states import Preference, Salutation

LOCK_NUMBERS = 7301
LOCK_SUBMISSION = 7302


def lock_numbers(numbers: Iterable[Number]) -> None:
    """Serialise registrations of the same number until the transaction ends, so that 50 desks make one
    customer.

    The unique constraint is the guarantee; the lock only spares the losers an error. Sorted, so two forms
    with the same two
    numbers cannot deadlock.
    """
    lock_identities(number.identity for number in numbers)


def lock_identities(identities: Iterable[str]) -> None:
    """As `lock_numbers`, for numbers as they are stored."""
    wanted = sorted(set(identities))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, hashtext(identity)) FROM unnest(%s::text[]) AS identity",
            [LOCK_NUMBERS, wanted],
        )


def lock_submission(submission: uuid.UUID | None) -> None:
    """Let a form that was sent twice at once come one after the other: the second then finds what the first made."""
    if submission is None:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK_SUBMISSION, str(submission)])


def read_numbers(raw: str, *, region: str, field: str = "phone") -> Sequence[Number]:
    """Parse what somebody typed. Raises RuleViolation(field) that says what is wrong with it."""
    parsed = parse(raw, region)
    if parsed.problems:
        problem, part = parsed.problems[0]
        said = _(message(problem))
        raise RuleViolation(f"{said}: {part}" if part else said, "PX-3", field, code=problem.value)
    return parsed.numbers


def find_by_numbers(numbers: Iterable[Number]) -> list[Customer]:
    """The live customers who hold one of these numbers, oldest first."""
    identities = [number.identity for number in numbers]
    rows = CustomerPhone.objects.filter(e164__in=identities, live=True).select_related("customer")
    return sorted({row.customer for row in rows}, key=lambda customer: customer.pk)


def phone_row(customer: Customer, number: Number, *, is_main: bool) -> CustomerPhone:
    """A number as it is stored, not saved yet."""
    return CustomerPhone(
        customer=customer,
        e164=number.identity,
        raw=number.raw,
        reversed=reversed_digits(number.e164),
        is_main=is_main,
    )


def _fit_name(name: str) -> str:
    """As it is stored. RuleViolation for nothing, or for a dash or dots: nobody is called so."""
    cleaned = clean_name(name)
    if not is_name(cleaned):
        raise RuleViolation(
            _("Write the customer's name, or the surname: signs alone are no name."),
            "PX-3",
            "name",
            code="name",
        )
    return cleaned


@transaction.atomic(savepoint=False)
def create_customer(
    *, name: str, salutation: str, numbers: Sequence[Number], by: User | None, at: dt.datetime
) -> Customer:
    """A new customer in a party of their own. The caller has made sure (under `lock_numbers`) that no
    number is taken.
    """
    cleaned = _fit_name(name) if name.strip() else ""
    household = Household.objects.create(created_at=at)
    customer = Customer.objects.create(
        household=household,
        name=cleaned,
        salutation=salutation or Salutation.UNKNOWN.value,
        bigrams=search_bigrams(cleaned),
        created_at=at,
        created_by=by,
    )
    CustomerPhone.objects.bulk_create(
        [phone_row(customer, number, is_main=index == 0) for index, number in enumerate(numbers)]
    )
    return customer


@transaction.atomic
def rename_customer(*, customer: Customer, name: str, salutation: str, by: User, at: dt.datetime) -> None:
    """Correct a name or form of address; the old one stays in the log."""
    cleaned = _fit_name(name)
    audit.record(
        "customer.renamed",
        by=by,
        at=at,
        target="customer",
        target_id=customer.pk,
        before=customer.name,
        after=cleaned,
    )
    customer.name, customer.salutation, customer.bigrams = cleaned, salutation, search_bigrams(cleaned)
    customer.save(update_fields=["name", "salutation", "bigrams"])


@transaction.atomic
def add_numbers(
    *, customer: Customer, raw: str, region: str, by: User, at: dt.datetime
) -> list[CustomerPhone]:
    """Add one or more numbers. A number of another live customer is refused: that is a merge, not a number
    (PX-3).
    """
    numbers = read_numbers(raw, region=region)
    lock_numbers(numbers)
    taken = [found for found in find_by_numbers(numbers) if found.pk != customer.pk]
    if taken:
        raise RuleViolation(
            _("This number belongs to another customer. The same person or family? Merge or link the two."),
            "PX-3",
            "phone",
            code="number_taken",
        )
    held = {phone.e164: phone for phone in customer.phones.filter(live=True)}
    has_main = any(phone.is_main for phone in held.values())
    added = []
    for number in numbers:
        known = held.get(number.identity)
        if known is not None:
            known.bad_since, known.bad_reason = None, ""
            known.save(update_fields=["bad_since", "bad_reason"])
            added.append(known)
            continue
        row = phone_row(customer, number, is_main=not has_main)
        row.save()
        has_main = True
        added.append(row)
    audit.record(
        "customer.numbers_added", by=by, at=at, target="customer", target_id=customer.pk, count=len(added)
    )
    return added


@transaction.atomic
def mark_number_bad(*, phone: CustomerPhone, reason: str, at: dt.datetime) -> bool:
    """Note that a number is wrong; another good number becomes the main one. Returns whether a good number
    is left.
    """
    phone.bad_since, phone.bad_reason, was_main = at, reason, phone.is_main
    phone.is_main = False
    phone.save(update_fields=["bad_since", "bad_reason", "is_main"])
    other = (
        CustomerPhone.objects.filter(customer_id=phone.customer_id, live=True, bad_since=None)
        .order_by("id")
        .first()
    )
    if other is not None and was_main:
        other.is_main = True
        other.save(update_fields=["is_main"])
    return other is not None


@transaction.atomic
def set_main_number(*, phone: CustomerPhone) -> None:
    """Make this the number that is dialled first."""
    CustomerPhone.objects.filter(customer_id=phone.customer_id, is_main=True).update(is_main=False)
    CustomerPhone.objects.filter(pk=phone.pk).update(is_main=True)


@transaction.atomic
def set_preference(*, customer: Customer, preference: str, by: User | None, at: dt.datetime) -> bool:
    """SC-7. Returns whether it changed; the plan of the customer's leads is the caller's duty."""
    if preference not in {value.value for value in Preference}:
        raise RuleViolation(_("Choose one of the listed preferences."), "SC-7", "preference")
    if customer.preference == preference:
        return False
    customer.preference = preference
    customer.save(update_fields=["preference"])
    audit.record(
        "customer.preference", by=by, at=at, target="customer", target_id=customer.pk, preference=preference
    )
    return True


@transaction.atomic
def set_windows(*, customer: Customer, windows: list[list[str]] | None, by: User, at: dt.datetime) -> None:
    """SC-8: the hours this customer likes to be called in; None means the project's."""
    customer.windows = windows or None
    customer.full_clean(exclude=["household", "created_by", "merged_into"], validate_unique=False)
    customer.save(update_fields=["windows"])
    audit.record("customer.windows", by=by, at=at, target="customer", target_id=customer.pk)


@transaction.atomic
def record_consent(
    *, customer: Customer, scope: str, source: str, wording: str, by: User | None, at: dt.datetime
) -> Consent:
    """Record what the customer agreed to; it lifts an opt-out of the same scope."""
    consent = Consent.objects.create(
        customer=customer, scope=scope, source=source, wording=wording, at=at, by=by
    )
    OptOut.objects.filter(customer=customer, scope=scope, lifted_by=None).update(lifted_by=consent)
    if scope == "marketing_sms":
        numbers = customer.phones.filter(live=True).values("e164")
        said = Suppression.objects.filter(number__in=numbers, lifted_at=None)
        said.exclude(source=Suppression.Source.BLACKLIST).update(
            lifted_at=at
        )  # the carrier's list is not ours to lift
    return consent


@transaction.atomic
def opt_out(*, customer: Customer, scope: str, source: str, by: User | None, at: dt.datetime) -> OptOut:
    """Record the customer's "no more"; a second one changes nothing."""
    row, _created = OptOut.objects.get_or_create(
        customer=customer, scope=scope, lifted_by=None, defaults={"source": source, "at": at, "by": by}
    )
    return row
