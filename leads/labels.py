"""What the codes of sales are called on screen. Words of the trade that are domain data stand in leads.vocabulary."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from crm.clauses import clause_text
from crm.states import Channel, Outcome
from leads.scripts import APPOINTMENT, NO_SHOW
from leads.states import Held

Words = dict[str, str | Promise]

OUTCOMES: Words = {
    Outcome.TALKED: _("Talked"),
    Outcome.CALLBACK_ARRANGED: _("Callback arranged"),
    Outcome.REFUSED: _("Refused"),
    Outcome.HUNG_UP: _("Hung up after answering"),
    Outcome.NO_ANSWER: _("No answer"),
    Outcome.BUSY: _("Busy"),
    Outcome.PHONE_OFF: _("Phone off"),
    Outcome.SUSPENDED: _("Number suspended"),
    Outcome.MESSAGE_LEFT: _("Message left"),
    Outcome.INVALID_NUMBER: _("Number does not exist"),
    Outcome.WRONG_PERSON: _("Wrong person"),
    Outcome.SENT: _("Message sent"),
}

CHANNELS: Words = {
    Channel.PHONE: _("Phone"),
    Channel.WECHAT: _("WeChat"),
    Channel.SMS: _("SMS"),
    Channel.LETTER: _("Letter"),
    Channel.EMAIL: _("E-mail"),
    Channel.HOME_VISIT: _("Home visit"),
    Channel.IN_PERSON: _("In person"),
}

INTENTIONS: Words = {"up": _("Keener"), "same": _("Same"), "down": _("Cooler")}

HELD: Words = {
    Held.CAP: _("contacted often enough for now"),
    Held.ABSENCE: _("the consultant's day off"),
    Held.CAPACITY: _("the day is full"),
    Held.APPOINTMENT: _("a visit is arranged"),
    Held.PROMISE: _("a callback is promised"),
    Held.CATCH_UP: _("spread over several days after an import"),
}

DUTIES: Words = {
    "cadence": _("call"),
    "promise": _("promised callback"),
    "greeting": _("greeting"),
    "milestone": _("milestone"),
    "grade": pgettext_lazy("duty", "grade"),
    "repair": _("data repair"),
}


def named(words: Mapping[str, str | Promise], code: str) -> str:
    """What a code is called; a code without a name shows itself."""
    return str(words.get(code, code))


SCRIPTS: Words = {
    APPOINTMENT: _("The call before an arranged visit"),
    NO_SHOW: _("The call after an arranged visit that was not kept"),
}
"""Scripts that belong to no clause of their own."""


def script_title(key: str) -> str:
    """What a script is for, in the reader's language."""
    return str(SCRIPTS[key]) if key in SCRIPTS else clause_text(key, get_language() or "en")
