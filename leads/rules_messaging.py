"""What a single message to the customer of a lead is for: a matter of the customer's own, or marketing. Pure.

The law and the carriers ask it of every text: marketing names the way out (拒收请回复R), keeps to the cap and goes to
nobody who opted out. A matter of the customer's own does none of that, so it is only what cannot be abused:
- the product's or the project's standard text, word for word, for the duty that is open now: thanks of the day,
  an answer that was promised, the appointment, "we could not reach you"; once for each duty;
- what the contracts clerk writes to a buyer of one's own deals: contract, payment, loan.
Everything else, free text above all, is marketing.
"""

from __future__ import annotations

from crm.rules_messages import RunKind
from leads.scripts import APPOINTMENT, NO_SHOW

OWN_MATTER = frozenset({"SC-1.1", "SC-2.1", "SC-3.1", "SC-4.1", "PX-1", "PX-2", APPOINTMENT, NO_SHOW})
"""Scripts of duties that the customer began: their call, visit, deal, question, appointment."""


def kind_of(*, key: str, word_for_word: bool, first: bool, clerk: bool) -> RunKind:
    """`key`: the script of the open duty ("" without one); `first`: no message has gone for this duty yet."""
    if clerk:
        return RunKind.SERVICE
    if key in OWN_MATTER and word_for_word and first:
        return RunKind.SERVICE
    return RunKind.CLOSED_CARE if key == "SC-4.2" else RunKind.SALES
