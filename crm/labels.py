"""What the codes of roles, bins, grades and due states are called on screen."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.roles import Role

ROLES: dict[str, str | Promise] = {
    Role.CONSULTANT: _("sales consultant"),
    Role.FRONT_DESK: _("front desk"),
    Role.CONTRACTS_CLERK: _("contracts clerk"),
    Role.SALES_MANAGER: _("sales manager"),
    Role.SALES_DIRECTOR: _("sales director"),
    Role.MARKETING: _("marketing"),
    Role.SPECIALIST: _("service specialist"),
    Role.REPAIRER: _("repairer"),
    Role.AREA_ADMINISTRATOR: _("area administrator"),
    Role.ASSISTANT: _("assistant"),
    Role.DIRECTOR: _("director"),
    Role.SYSTEM_ADMINISTRATOR: _("system administrator"),
}


class Mark(NamedTuple):
    """How a code is shown: a word and an icon, so that colour is never the only signal."""

    label: str | Promise
    icon: str


BINS: dict[str, Mark] = {
    "task_open": Mark(_("on the list"), "list-check"),
    "waiting": Mark(_("waiting for its day"), "calendar-event"),
    "held": Mark(_("held"), "player-pause"),
    "messages_only": Mark(_("messages only"), "message"),
    "review": Mark(_("under review"), "eye"),
    "pool": Mark(_("pool"), "users-group"),
    "closed": Mark(pgettext_lazy("bin", "closed"), "circle-check"),
    "invalid": Mark(_("invalid"), "ban"),
    "lost": Mark(pgettext_lazy("bin", "lost"), "circle-x"),
}

DUE: dict[str, Mark] = {
    "overdue": Mark(_("overdue"), "alert-triangle"),
    "now": Mark(_("due now"), "alarm"),
    "open": Mark(_("window open"), "clock-play"),
    "today": Mark(_("due today"), "calendar-due"),
    "later": Mark(_("later"), "calendar-event"),
    "held": Mark(_("held"), "player-pause"),
    "done": Mark(_("done"), "check"),
    "missed": Mark(_("missed"), "circle-x"),
}

GRADES: dict[str, str | Promise] = {
    "A": _("grade A"),
    "B": _("grade B"),
    "C": _("grade C"),
    "D": _("grade D"),
    "": _("not graded"),
}
