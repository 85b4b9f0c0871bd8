"""Why is nobody calling? The other half of PX-10, in words: where a lead rests, until when, and who answers for it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crm.clauses import clause_text
from leads import labels, vocabulary
from leads.explain import say_day, say_moment
from leads.models import Lead


@dataclass(frozen=True, slots=True)
class Rest:
    """`clause` says so; `sentence` is the reason with its end; `answers` who has to act, "" when nobody."""

    clause: str
    clause_text: str
    sentence: str
    answers: str = ""


def why_nobody(lead: Lead, bin_: str, zone: dt.tzinfo) -> Rest | None:
    """Why nobody calls this lead now; None when it stands on somebody's list."""
    if bin_ == "task_open":
        return None
    clause, sentence, answers = _reason(lead, bin_, zone)
    return Rest(clause, clause_text(clause, get_language() or "en"), sentence, answers)


def _reason(lead: Lead, bin_: str, zone: dt.tzinfo) -> tuple[str, str, str]:
    language, owner = get_language() or "en", str(lead.consultant or "")
    if bin_ in ("lost", "invalid"):
        reasons = vocabulary.LOST_REASONS if bin_ == "lost" else vocabulary.INVALID_REASONS
        reason = vocabulary.label(reasons, lead.end_reason, language)
        return "SC-11", _("It has ended: %(reason)s.") % {"reason": reason}, ""
    if bin_ == "closed":
        return "SC-4.2", _("Handed over: after-sales keeps the relation."), ""
    if bin_ == "pool":
        return "PX-6", _("It has no consultant; the cadence stands still."), _("the manager")
    if bin_ == "review":
        due = say_moment(lead.review_due_at, zone) if lead.review_due_at else ""
        texts = {
            "PX-1": _("The number is wrong: a good one is wanted by %(due)s."),
            "PX-2": _("Nobody was reached: judge the lead again by %(due)s."),
            "SC-2.6": _("A D customer came again: judge the lead again by %(due)s."),
        }
        said = texts.get(lead.review_clause, _("Judge this lead again."))
        return lead.review_clause or "PX-14", said % {"due": due}, owner
    if bin_ == "held" and lead.held_until is not None:
        why = labels.HELD.get(lead.held_reason, lead.held_reason)
        day = say_day(lead.held_until.astimezone(zone).date())
        return lead.clause, _("Held until %(day)s: %(why)s.") % {"day": day, "why": why}, owner
    if bin_ == "waiting" and lead.due_at is not None:
        due = say_moment(lead.due_at, zone)
        return lead.clause, _("The next call is not due before %(due)s.") % {"due": due}, owner
    return (
        lead.quiet_clause,
        _("By this clause nobody calls; messages at milestones and festivals only."),
        owner,
    )
