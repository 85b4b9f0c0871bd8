"""The cadence policy (SC-13): every value of the clauses that a manager may change in a new version.

A policy is a frozen dataclass, stored as a JSON object of field name to number, "HH:MM" or word.
Fields left out of the object keep the default. Each field names its clause, its bounds and its unit
in ``field.metadata``, so that the form, the check and the "why?" read the same line.
"""

# ruff: noqa: RUF009  (each default is a dataclass field made by a function of this file)

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from datetime import time
from typing import Any, NamedTuple

CLOSING_STEPS = ("subscribed", "signed")


def gettext_noop(text: str) -> str:
    """Mark a message for the catalogue without importing Django; the screen translates it."""
    return text


class FieldError(NamedTuple):
    """Why one field was refused. Show it as ``gettext(text) % params``."""

    text: str
    params: dict[str, str]

    def __str__(self) -> str:
        return self.text % self.params


class PolicyError(ValueError):
    """A policy that cannot be used; ``errors`` maps each refused field name to its FieldError."""

    def __init__(self, errors: Mapping[str, FieldError]) -> None:
        super().__init__("; ".join(f"{name}: {error}" for name, error in errors.items()))
        self.errors = dict(errors)


def _number(clause: str, default: int, low: int, high: int, unit: str) -> Any:
    return field(default=default, metadata={"clause": clause, "low": low, "high": high, "unit": unit})


def _time(clause: str, hour: int, minute: int = 0) -> Any:
    return field(default=time(hour, minute), metadata={"clause": clause, "unit": "time"})


def _choice(clause: str, default: str, choices: tuple[str, ...]) -> Any:
    return field(default=default, metadata={"clause": clause, "choices": choices, "unit": "choice"})


@dataclass(frozen=True, slots=True)
class Policy:
    """The values of one version. Days are calendar days unless the name says working days."""

    closing_time: time = _time("SC-1.1", 20, 30)
    caller_second_days: int = _number("SC-1.2", 3, 1, 30, "days")
    caller_interval_days: int = _number("SC-1.3", 7, 1, 90, "days")
    visitor_second_days: int = _number("SC-2.2", 3, 1, 30, "days")
    key_interval_days: int = _number("SC-2.3a", 3, 1, 90, "days")
    ordinary_interval_days: int = _number("SC-2.3b", 7, 1, 90, "days")
    c_interval_days: int = _number("SC-2.4", 7, 1, 90, "days")
    put_off_limit_days: int = _number("SC-2.4", 14, 1, 180, "days")
    closing_step: str = _choice("SC-4.1", "subscribed", CLOSING_STEPS)
    buyer_interval_days: int = _number("SC-4.2", 15, 1, 180, "days")
    after_handover_days: int = _number("SC-4.2", 0, 0, 3650, "days")
    # SC-5.1: greetings; key customers get the message in the evening, if nobody reached them by then
    greeting_lead_days: int = _number("SC-5.1", 7, 1, 60, "days")
    greeting_from: time = _time("SC-5.1", 9, 30)
    greeting_unreached_from: time = _time("SC-5.1", 19)
    # SC-6: the cap over the one contact ledger
    cap_conversations_day: int = _number("SC-6", 1, 1, 10, "conversations")
    cap_conversations_week: int = _number("SC-6", 3, 1, 50, "conversations")
    cap_tries_day: int = _number("SC-6", 3, 1, 20, "tries")
    cap_urgent_conversations_day: int = _number("SC-6", 2, 1, 10, "conversations")
    cap_marketing_sms_day: int = _number("SC-6", 1, 1, 10, "messages")
    cap_marketing_sms_30_days: int = _number("SC-6", 4, 1, 60, "messages")
    # SC-7: customers who dislike calls
    fewer_factor: int = _number("SC-7", 2, 2, 10, "times")
    refusals_suggest_fewer: int = _number("SC-7", 3, 1, 20, "refusals")
    # PX-1, PX-2: what was promised, what nobody answered
    promise_max_days: int = _number("PX-1", 14, 1, 180, "days")
    repair_working_days: int = _number("PX-1", 2, 1, 30, "working days")
    same_day_tries: int = _number("PX-2", 2, 1, 10, "tries")
    tries_before_review: int = _number("PX-2", 6, 1, 30, "tries")
    tries_slots: int = _number("PX-2", 3, 1, 3, "slots")
    tries_weekdays: int = _number("PX-2", 2, 1, 7, "weekdays")
    review_working_days: int = _number("PX-2", 2, 1, 30, "working days")
    unreached_interval_days: int = _number("PX-2", 14, 1, 180, "days")
    afternoon_from: time = _time("PX-2", 12)
    evening_from: time = _time("PX-2", 17, 30)
    morning_try: time = _time("PX-2", 10)
    afternoon_try: time = _time("PX-2", 15, 30)
    evening_try: time = _time("PX-2", 17, 30)
    # PX-4, PX-6: ownership and the pool
    lapse_caller_days: int = _number("PX-4", 15, 1, 365, "days")
    lapse_ab_days: int = _number("PX-4", 10, 1, 365, "days")
    lapse_c_days: int = _number("PX-4", 15, 1, 365, "days")
    lapse_interval_factor: int = _number("PX-4", 2, 1, 10, "times")
    lapse_interval_extra_days: int = _number("PX-4", 3, 0, 90, "days")
    lapse_first_warning_days: int = _number("PX-4", 3, 1, 30, "days")
    lapse_last_warning_days: int = _number("PX-4", 1, 0, 30, "days")
    pool_claims_day: int = _number("PX-6", 10, 1, 500, "claims")
    pool_cool_down_days: int = _number("PX-6", 30, 0, 365, "days")
    pool_limit_working_days: int = _number("PX-6", 2, 1, 30, "working days")
    # PX-7, PX-13, PX-15: the consultant's day
    slack_weekly_days: int = _number("PX-7", 1, 0, 7, "days")
    slack_buyer_days: int = _number("PX-7", 3, 0, 14, "days")
    report_visit_days: int = _number("PX-8", 7, 1, 90, "days")
    report_deal_days: int = _number("PX-8", 30, 1, 365, "days")
    report_known_days: int = _number("PX-8", 7, 0, 365, "days")
    capacity_day: int = _number("PX-13", 40, 1, 500, "conversations")
    catch_up_percent: int = _number("PX-15", 50, 1, 100, "percent")
    # PX-14: honest records
    burst_contacts: int = _number("PX-14", 5, 1, 100, "contacts")
    burst_minutes: int = _number("PX-14", 2, 1, 60, "minutes")
    downgrade_sample_percent: int = _number("PX-14", 10, 0, 100, "percent")
    rejudge_days: int = _number("PX-14", 90, 7, 730, "days")


FIELDS: dict[str, Field[Any]] = {item.name: item for item in fields(Policy)}


def parse(raw: Mapping[str, Any]) -> Policy:
    """Build a policy from its JSON object (SC-13). Raises PolicyError naming every refused field."""
    errors: dict[str, FieldError] = {}
    values: dict[str, Any] = {}
    for name, value in raw.items():
        item = FIELDS.get(name)
        if item is None:
            errors[name] = FieldError(gettext_noop("There is no such value."), {})
            continue
        parsed = _parse_value(item, value)
        if isinstance(parsed, FieldError):
            errors[name] = parsed
        else:
            values[name] = parsed
    if not errors:
        policy = Policy(**values)
        errors = _contradictions(policy)
        if not errors:
            return policy
    raise PolicyError(errors)


def dump(policy: Policy) -> dict[str, int | str]:
    """The JSON object of a policy, every field named; ``parse(dump(p)) == p``."""
    return {
        name: value.strftime("%H:%M") if isinstance(value, time) else value
        for name in FIELDS
        for value in (getattr(policy, name),)
    }


def _parse_value(item: Field[Any], value: Any) -> Any:
    meta = item.metadata
    if meta["unit"] == "time":
        return _parse_time(value)
    if meta["unit"] == "choice":
        if value in meta["choices"]:
            return value
        return FieldError(
            gettext_noop("Choose one of: %(choices)s."), {"choices": ", ".join(meta["choices"])}
        )
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return FieldError(gettext_noop("Enter a whole number."), {})
    if not meta["low"] <= value <= meta["high"]:
        bounds = {"low": str(meta["low"]), "high": str(meta["high"])}
        return FieldError(gettext_noop("Enter a number from %(low)s to %(high)s."), bounds)
    return value


def _parse_time(value: Any) -> time | FieldError:
    if isinstance(value, time):
        return value.replace(second=0, microsecond=0, tzinfo=None)
    try:
        return time.fromisoformat(str(value)).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        return FieldError(gettext_noop("Enter a time as HH:MM."), {})


def _contradictions(policy: Policy) -> dict[str, FieldError]:
    """What each field allows alone and no sales centre can live by together."""
    errors: dict[str, FieldError] = {}
    if policy.put_off_limit_days < policy.c_interval_days:
        errors["put_off_limit_days"] = FieldError(gettext_noop("May not be shorter than the C interval."), {})
    if not policy.afternoon_from < policy.evening_from:
        errors["evening_from"] = FieldError(gettext_noop("The evening begins after the afternoon."), {})
    slots = (
        ("morning_try", time.min, policy.afternoon_from),
        ("afternoon_try", policy.afternoon_from, policy.evening_from),
        ("evening_try", policy.evening_from, time.max),
    )
    for name, begin, end in slots:
        if not begin <= getattr(policy, name) < end:
            errors[name] = FieldError(gettext_noop("Lies outside its own slot."), {})
    if policy.closing_time <= policy.morning_try:
        errors["closing_time"] = FieldError(gettext_noop("Closing lies before the first try of the day."), {})
    errors |= _greeting_times(policy)
    if policy.cap_conversations_week < policy.cap_conversations_day:
        errors["cap_conversations_week"] = FieldError(gettext_noop("May not be less than a day's."), {})
    if policy.cap_urgent_conversations_day < policy.cap_conversations_day:
        errors["cap_urgent_conversations_day"] = FieldError(gettext_noop("May not be less than a day's."), {})
    if policy.lapse_last_warning_days >= policy.lapse_first_warning_days:
        errors["lapse_last_warning_days"] = FieldError(gettext_noop("Comes after the first."), {})
    return errors


def _greeting_times(policy: Policy) -> dict[str, FieldError]:
    """Greetings are marketing messages: they go out from 09:00 to 20:00, the evening's after the day's."""
    outside = FieldError(gettext_noop("Messages go out from 09:00 to 20:00."), {})
    if not time(9) <= policy.greeting_from < time(20):
        return {"greeting_from": outside}
    if not policy.greeting_from < policy.greeting_unreached_from < time(20):
        return {"greeting_unreached_from": outside}
    return {}
