"""Judging an audience chunk by chunk: who gets the message, when, of how many pieces; who does not, and why.

It says in SQL what `crm.compose.opening`, `crm.compose.billed` and `crm.contact_cap.decide` say for one person; the
tests compare the two row by row over made-up names, values and ledgers. Where somebody also has messages planned for
later days, SQL keeps one place for each of them, which may hold a message that `decide` would just let pass.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from crm.compose import GUEST, LONGEST_TEXT, Parts, fields_of, units
from crm.contact_cap import MONTH, RANK, Kind
from crm.models import SendRun
from crm.names import LONGEST
from crm.rules_messages import CAPPED, RESERVED

ASTRAL = r"[\U00010000-\U0010FFFF]"
UNFIT = r"[\u0000-\u001f\u007f【】]|//|www\.|\.(com|cn|net|org|io|top|xyz|cc|vip|me|ly|link|shop|info)\M"
SUSPECT = r"[\u0000-\u001f\u007f【】/.]"  # every unfit name has one of these, and looking for them is cheap
PLAIN_MOBILE = (  # nearly every number: the pattern need not be asked
    "(x.number LIKE '+861%%' AND length(x.number) = 14 AND substr(x.number, 5, 1) >= '3'"
    " AND strpos(x.number, ';') = 0)"
)
NO_SMS = r";ext=|^\+86(?!1[3-9]\d{9}$)"


def is_capped(run: SendRun) -> bool:
    """Whether the cap of SC-6 counts this run's messages."""
    return run.kind in CAPPED


class Judge:
    """The judgement of one run as SQL: `sql` ends in the table `judged` of everybody with after < id <= upto."""

    def __init__(
        self, *, run: SendRun, start: dt.datetime, kept_free: Collection[dt.date], audience: str
    ) -> None:
        """`start`: the first moment it may go out; `audience`: the table of crm/outbox/staging.py."""
        below = is_capped(run) and RANK[CAPPED[run.kind]] > RANK[Kind.GREETING]
        fields = sorted(set(fields_of(run.body)))
        free = sorted(kept_free) if below else []
        self.sql = _statement(run, fields, free, audience)
        self.values = _values(run, start, fields, free) | _greetings(free)[2]


def _values(run: SendRun, start: dt.datetime, fields: list[str], free: list[dt.date]) -> dict[str, Any]:
    """The parameters of the statement."""
    return {
        "run": run.pk,
        "start": start,
        "first": start.astimezone(run.project.zone).date(),
        "zone": run.project.time_zone,
        "opens": run.project.sms_opens_at.isoformat(),
        "expires": run.expires_at,
        "sender": run.consultant,
        "guest": GUEST,
        "longest_name": LONGEST,
        "longest": LONGEST_TEXT,
        "astral": ASTRAL,
        "unfit": UNFIT,
        "suspect": SUSPECT,
        "no_sms": NO_SMS,
        "festival": run.festival,
        "year": run.year,
        "marketing": run.marketing,
        "a_day": run.a_day,
        "a_month": run.a_month,
        "span": MONTH,
        "fixed": fixed_units(run),
        "free": free,
        "greetings": len(free),
        "capped": is_capped(run),
        "rank": run.priority,
        "closes": run.project.sms_closes_at.isoformat(),
        **{f"field{index}": name for index, name in enumerate(fields)},
        **{f"times{index}": fields_of(run.body).count(name) for index, name in enumerate(fields)},
    }


def fixed_units(run: SendRun) -> int:
    """The length of what every message of the run has in common, in the layout of its gateway."""
    body = run.body
    for name in set(fields_of(body)):
        body = body.replace("{" + name + "}", "")
    parts = Parts("", body, run.signature, run.hotline, "", run.opt_out)
    return units(parts.text_for(run.gateway.layout))


def _statement(run: SendRun, fields: list[str], free: list[dt.date], audience: str) -> str:
    """The statement of one run: only what differs in shape is put in as text, every value is a parameter."""
    columns, full, _values_of_greetings = _greetings(free)
    names_consultant = run.gateway.layout == "house"
    lengths = ["%(fixed)s", _length("said.opening")]
    lengths += [_length("a.consultant")] if names_consultant else []
    lengths += [
        f"%(times{index})s * {_length(f'btrim(a.values ->> %(field{index})s)')}"
        for index in range(len(fields))
    ]
    reserved = ", ".join(f"'{state.value}'" for state in sorted(RESERVED))
    return STATEMENT.format(
        audience=audience,
        missing=_missing(fields),
        plain=PLAIN_MOBILE,
        length=" + ".join(lengths),
        needs_name=str(names_consultant).lower(),
        ledger=LEDGER.format(greetings=columns, reserved=reserved) if is_capped(run) else NO_LEDGER,
        full=full if is_capped(run) else "",
        earlier=_earlier(free),
    )


def _earlier(free: list[dt.date]) -> str:
    """SQL that counts the greetings which will have been had by the day it goes."""
    arms = [
        f"(%(free{index})s::date BETWEEN a.goes - (%(span)s - 1) AND a.goes - 1)::int"
        for index in range(len(free))
    ]
    return " + ".join(arms) or "0"


def _length(text: str) -> str:
    """UTF-16 units of a text: characters beyond the basic plane count twice."""
    return (
        f"(length({text}) + CASE WHEN {text} ~ %(astral)s THEN regexp_count({text}, %(astral)s) ELSE 0 END)"
    )


def _missing(fields: list[str]) -> str:
    """The name of the first field without a fit value, or NULL; nothing is sent with a blank in it."""
    arms = [
        f"WHEN coalesce(btrim(a.values ->> %(field{index})s), '') = '' OR a.values ->> %(field{index})s ~* %(unfit)s"
        f" THEN %(field{index})s"
        for index in range(len(fields))
    ]
    return f"CASE {' '.join(arms)} END" if arms else "NULL"


def _greetings(days: list[dt.date]) -> tuple[str, str, dict[str, Any]]:
    """SQL that counts what stands in the way of each greeting day kept free, SQL that is true when one has no room
    left, and their values. The days are the same for everybody, so they are columns and not rows.
    """
    columns: list[str] = []
    full: list[str] = []
    values: dict[str, Any] = {}
    for index, day in enumerate(days):
        earlier = sum(1 for other in days if 0 < (day - other).days < MONTH)
        values |= {f"free{index}": day, f"earlier{index}": earlier}
        columns.append(
            f", count(*) FILTER (WHERE e.other AND e.behind >= 0 AND e.day >= %(free{index})s::date - (%(span)s - 1))"
            f" AS before{index}"
        )
        full.append(
            f" OR (%(free{index})s::date BETWEEN x.goes AND x.goes + (%(span)s - 1) AND (coalesce(l.before{index}, 0)"
            f" + 1 + %(earlier{index})s + coalesce(l.ahead, 0) >= %(a_month)s"
            f" OR (%(free{index})s::date = x.goes AND coalesce(l.on_day, 0) + 1 >= %(a_day)s)))"
        )
    return "".join(columns), "".join(full), values


# What each of the audience has had and will have, in the project's days, seen from the day on which it would go.
# The days kept free count by themselves, so a greeting planned on one of them is not counted twice.
# `behind`: how many days before it goes; `other`: not one of the days kept free.
LEDGER = """
    SELECT e.customer_id,
        count(*) FILTER (WHERE e.other AND e.behind = 0) AS on_day,
        count(*) FILTER (WHERE e.other AND e.behind BETWEEN 0 AND %(span)s - 1) AS back,
        count(*) FILTER (WHERE e.other AND e.behind BETWEEN 1 - %(span)s AND -1) AS ahead,
        min(e.day) FILTER (WHERE e.behind BETWEEN 0 AND %(span)s - 1) AS oldest
        {greetings}
    FROM (
        SELECT d.customer_id, d.day, d.goes - d.day AS behind, d.day <> ALL(%(free)s::date[]) AS other
        FROM (
            SELECT c.customer_id, (c.at AT TIME ZONE %(zone)s)::date AS day, a.goes
            FROM a JOIN crm_contact c USING (customer_id)
            WHERE c.customer_id > %(after)s AND c.customer_id <= %(upto)s
              AND c.channel = 'sms' AND c.direction = 'out' AND c.outcome = 'sent' AND c.voided_at IS NULL
              AND NOT c.purpose = 'service' AND NOT c.clause IN ('SC-1.1', 'SC-2.1', 'SC-3.1', 'SC-4.1')
              AND c.at >= %(start)s - make_interval(days => %(span)s + 1)
            UNION ALL
            SELECT m.customer_id, m.day, a.goes
            FROM a JOIN crm_message m USING (customer_id) JOIN crm_sendrun r ON r.id = m.run_id
            WHERE m.customer_id > %(after)s AND m.customer_id <= %(upto)s
              AND m.counts AND m.state IN ({reserved}) AND m.reason <> 'cap' AND m.run_id <> %(run)s
              AND r.priority <= %(rank)s AND r.state <> 'cancelled'
            OFFSET 0
        ) d OFFSET 0
    ) e
    GROUP BY e.customer_id
"""
NO_LEDGER = """
    SELECT NULL::bigint AS customer_id, 0 AS on_day, 0 AS back, 0 AS ahead, NULL::date AS oldest WHERE false
"""
STATEMENT = r"""
WITH a AS MATERIALIZED (
    SELECT g.*, CASE WHEN own IS NULL THEN %(start)s ELSE own END AS not_before,
        CASE WHEN own IS NULL THEN %(first)s::date ELSE (own AT TIME ZONE %(zone)s)::date END AS goes
    FROM (
        SELECT customer_id, coalesce(nullif(btrim(consultant), ''), %(sender)s) AS consultant, values,
            coalesce(unless_talked, false) AS unless_talked, coalesce(reason, '') AS told,
            -- an hour of its own; outside of the marketing hours it moves to the next opening
            CASE WHEN not_before IS NOT NULL THEN (
                SELECT CASE
                    WHEN NOT %(marketing)s OR (local::time >= %(opens)s AND local::time < %(closes)s) THEN local
                    WHEN local::time < %(opens)s THEN local::date + %(opens)s::time
                    ELSE local::date + 1 + %(opens)s::time END AT TIME ZONE %(zone)s
                FROM (SELECT greatest(not_before, %(start)s) AT TIME ZONE %(zone)s AS local) t
            ) END AS own
        FROM {audience} WHERE customer_id > %(after)s AND customer_id <= %(upto)s OFFSET 0
    ) g
), x AS MATERIALIZED (
    SELECT a.customer_id, a.values, a.unless_talked, a.not_before, a.goes, a.consultant, a.told,
        phone.e164 AS number, said.opening, {missing} AS missing, {length} AS length, {earlier} AS earlier,
        c.preference, c.merged_into_id
    FROM a
    JOIN crm_customer c ON c.id = a.customer_id AND c.id > %(after)s AND c.id <= %(upto)s
    LEFT JOIN crm_customerphone phone ON phone.customer_id = a.customer_id AND phone.customer_id > %(after)s
         AND phone.customer_id <= %(upto)s AND phone.live AND phone.is_main AND phone.bad_since IS NULL
    CROSS JOIN LATERAL (SELECT
        CASE WHEN right(c.name, 2) IN ('先生', '女士', '小姐', '太太') THEN rtrim(left(c.name, -2))
             WHEN left(c.name, 1) IN ('m', 'M') AND c.name ~* '^(mr|ms|mrs|miss)(\.\s*|\s+)\S'
             THEN regexp_replace(c.name, '^(mr|ms|mrs|miss)(\.\s*|\s+)', '', 'i')
             ELSE c.name END AS name,
        CASE WHEN right(c.name, 2) = '先生' OR (left(c.name, 1) IN ('m', 'M') AND c.name ~* '^mr(\.\s*|\s+)\S')
             THEN 'mr'
             WHEN right(c.name, 2) IN ('女士', '小姐', '太太') OR (left(c.name, 1) IN ('m', 'M')
                  AND c.name ~* '^(ms|mrs|miss)(\.\s*|\s+)\S') THEN 'ms'
             END AS carried OFFSET 0) spoken
    CROSS JOIN LATERAL (SELECT
        CASE WHEN spoken.name <> '' AND length(spoken.name) <= %(longest_name)s
                  AND NOT (spoken.name ~ %(suspect)s AND spoken.name ~* %(unfit)s)
             THEN CASE coalesce(nullif(c.salutation, 'unknown'), spoken.carried)
                  WHEN 'mr' THEN spoken.name || '先生您好'
                  WHEN 'ms' THEN spoken.name || '女士您好' ELSE %(guest)s END
             ELSE %(guest)s END AS opening OFFSET 0) said
), weighed AS (
    SELECT x.*,
        CASE
            WHEN x.told <> '' THEN x.told
            WHEN x.merged_into_id IS NOT NULL THEN 'duplicate_number'
            WHEN x.number IS NULL OR (NOT {plain} AND x.number ~ %(no_sms)s) THEN 'no_number'
            WHEN %(marketing)s AND x.preference = 'do_not_contact' THEN 'do_not_contact'
            WHEN %(marketing)s AND o.customer_id IS NOT NULL THEN 'opted_out'
            WHEN %(marketing)s AND s.number IS NOT NULL THEN 'suppressed'
            WHEN g.customer_id IS NOT NULL THEN 'greeted'
            WHEN x.missing IS NOT NULL OR ({needs_name} AND x.consultant = '') THEN 'data_missing'
            WHEN x.length > %(longest)s THEN 'too_long'
            ELSE '' END AS barred,
        CASE
            WHEN NOT %(capped)s THEN ''
            WHEN coalesce(l.on_day, 0) >= %(a_day)s THEN 'day'
            WHEN coalesce(l.back, 0) + x.earlier >= %(a_month)s THEN 'month'
            WHEN (l.ahead > 0 AND l.back + x.earlier + l.ahead + %(greetings)s >= %(a_month)s){full} THEN 'free'
            ELSE '' END AS capped,
        l.oldest
    FROM x
    LEFT JOIN crm_optout o ON o.customer_id = x.customer_id AND o.customer_id > %(after)s
         AND o.customer_id <= %(upto)s AND o.scope = 'marketing_sms' AND o.lifted_by_id IS NULL
    LEFT JOIN crm_suppression s ON s.number = x.number AND s.lifted_at IS NULL
    LEFT JOIN crm_greetingkey g ON %(festival)s <> '' AND g.customer_id = x.customer_id
         AND g.festival = %(festival)s AND g.year = %(year)s AND g.run_id <> %(run)s
    LEFT JOIN ({ledger}) l ON l.customer_id = x.customer_id
    OFFSET 0 -- here and below: what is read several times is computed once
), timed AS (
    SELECT weighed.*, CASE weighed.capped WHEN '' THEN weighed.not_before ELSE
        (CASE weighed.capped WHEN 'month' THEN greatest(weighed.oldest + %(span)s, weighed.goes + 1)
            WHEN 'free' THEN greatest(weighed.goes + 1, (SELECT max(f) + 1 FROM unnest(%(free)s::date[]) f))
            ELSE weighed.goes + 1 END + %(opens)s::time) AT TIME ZONE %(zone)s END AS moment
    FROM weighed OFFSET 0
), judged AS MATERIALIZED (
SELECT customer_id, values, unless_talked, consultant, number, opening,
    CASE WHEN length <= 70 THEN 1 ELSE (length + 66) / 67 END AS pieces, moment AS not_before,
    CASE capped WHEN '' THEN goes ELSE (moment AT TIME ZONE %(zone)s)::date END AS day,
    CASE capped WHEN '' THEN '' WHEN 'free' THEN 'reserved' ELSE 'cap' END AS held,
    CASE WHEN barred <> '' THEN barred WHEN not_before >= %(expires)s THEN 'quiet_hours'
         WHEN moment < %(expires)s THEN ''
         WHEN capped = 'free' THEN 'reserved' ELSE 'cap' END AS reason,
    CASE WHEN barred = 'data_missing' THEN coalesce(missing, 'consultant') ELSE '' END AS detail
FROM timed
)
"""
