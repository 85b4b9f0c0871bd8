"""What the states of a message and the reasons for getting none are called on screen."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from crm.rules_messages import Left, Refusal, State

Text = str | Promise

MESSAGE_STATES: dict[str, Text] = {
    State.HELD: pgettext_lazy("message", "held"),
    State.QUEUED: pgettext_lazy("message", "waiting"),
    State.CLAIMED: pgettext_lazy("message", "being sent"),
    State.SENDING: pgettext_lazy("message", "being sent"),
    State.ACCEPTED: pgettext_lazy("message", "sent"),
    State.DELIVERED: pgettext_lazy("message", "delivered"),
    State.UNDELIVERED: pgettext_lazy("message", "not delivered"),
    State.NO_RECEIPT: pgettext_lazy("message", "sent, no receipt"),
    State.REFUSED: pgettext_lazy("message", "refused by the gateway"),
    State.UNKNOWN: pgettext_lazy("message", "unknown: it may have been sent"),
    State.UNKNOWN_FINAL: pgettext_lazy("message", "unknown, read"),
    State.SUPPRESSED: pgettext_lazy("message", "not sent any more"),
    State.CANCELLED: pgettext_lazy("message", "cancelled"),
    State.EXPIRED: pgettext_lazy("message", "too late, not sent"),
}
LEFT: dict[str, Text] = {
    Left.OPTED_OUT: _("opted out of marketing messages"),
    Left.SUPPRESSED: _("the number is blocked"),
    Left.DO_NOT_CONTACT: _("wishes no contact"),
    Left.CAP: _("had enough messages (SC-6)"),
    Left.RESERVED: _("kept free for the coming festival (SC-6)"),
    Left.NO_NUMBER: _("no number that takes messages"),
    Left.COMPLAINT_OPEN: _("has a complaint open"),
    Left.DATA_MISSING: _("data for the text is missing"),
    Left.DUPLICATE_NUMBER: _("the number has a message already"),
    Left.GREETED: _("greeted by another project"),
    Left.TOO_LONG: _("the text would be too long"),
    Left.TALKED: _("somebody talked to them"),
    Left.QUIET_HOURS: _("outside the hours for messages"),
    Left.BUDGET: _("the budget is used up"),
    Left.HOUR: _("waits for its own hour"),
}
REFUSED: dict[str, Text] = {
    Refusal.THROTTLED: _("the carrier is taking fewer messages"),
    Refusal.BAD_NUMBER: _("the carrier does not know the number"),
    Refusal.BLACKLIST: _("the number is on the carrier's blacklist"),
    Refusal.SIGNATURE: _("the carrier does not accept the signature"),
    Refusal.TEMPLATE: _("the carrier does not accept the text as a template"),
    Refusal.KEYWORD: _("a word of the text is not allowed by the carrier"),
    Refusal.BALANCE: _("the balance at the carrier is used up"),
    Refusal.OTHER: _("the carrier gave no reason"),
}


def why(code: str) -> str:
    """Why a message does not go, or did not arrive; "" without a reason. A carrier's own code is shown as such."""
    words = LEFT.get(code) or REFUSED.get(code)
    if words is not None or not code:
        return str(words or "")
    return gettext("the carrier's code %(code)s") % {"code": code}


TONES: dict[str, str] = {
    State.DELIVERED: "good",
    State.UNDELIVERED: "bad",
    State.REFUSED: "bad",
    State.UNKNOWN: "warn",
    State.UNKNOWN_FINAL: "warn",
    State.EXPIRED: "warn",
}
"""The colour of a state's tag (crm/static: tag-good, tag-bad, tag-warn); the others are plain."""
ORDER: tuple[str, ...] = tuple(MESSAGE_STATES)
"""In which order the states of a run are listed."""
