"""The one table of navigation: which entry, for whom, under which name. One whose URL does not exist is left out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.access import roles_of, scope
from crm.models import User
from crm.roles import Action, Limit, Role

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Entry:
    """`actions`: any of them opens the entry (none: everybody); grants narrowed by a limit of `without` do not count.

    `figures`: an action that opens the entry to those whose reach of it is a project or wider, for whom it has figures.
    `short` is the word under the icon on a phone, `tab` its place in the bar there (0: only under More), `keys` the
    shortcut at the desk, `also` further view names for which the entry is the current one.
    """

    url_name: str
    label: Text
    icon: str
    actions: tuple[Action, ...] = ()
    without: Collection[Limit] = ()
    short: Text = ""
    tab: int = 0
    keys: str = ""
    also: tuple[str, ...] = ()
    figures: Action | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One entry as a template shows it."""

    url_name: str
    url: str
    label: Text
    short: Text
    icon: str
    keys: str
    tab: int
    current: bool


@dataclass(frozen=True, slots=True)
class Group:
    label: Text
    items: tuple[Item, ...]


_PARTLY = (Limit.CLAIM_ONLY, Limit.ROTA_BOARD_ONLY)
_NOT_SALES = (Limit.AFTER_SALES_ONLY,)
_NOT_MEMBERS = (Limit.MEMBERS_ONLY,)
_POLICY = (Action.DRAFT_POLICY, Action.REVIEW_POLICY, Action.APPROVE_POLICY)

REGISTER: tuple[Entry, ...] = (
    Entry("leads:register_visit", _("Register a visit"), "door-enter", (Action.REGISTER,), keys="n v"),
    Entry("leads:register_call", _("Register a call"), "phone-incoming", (Action.REGISTER,), keys="n c"),
)

TABLE: tuple[tuple[Text, tuple[Entry, ...]], ...] = (
    (
        "",
        (
            Entry(
                "leads:manager",
                _("Manager's home"),
                "layout-dashboard",
                (Action.ASSIGN,),
                _PARTLY,
                _("Home"),
                1,
                "g h",
            ),
            Entry("leads:today", _("Today"), "list-check", (Action.WORK_LEADS,), (), _("Today"), 2, "g t"),
            Entry(
                "leads:list",
                _("Leads"),
                "users",
                (Action.SEE_LEADS,),
                (Limit.COUNTS_ONLY, Limit.EXISTENCE_ONLY),
                _("Leads"),
                3,
                "g l",
                ("leads:lead",),
            ),
            *REGISTER,
        ),
    ),
    (
        _("Manage"),
        (
            Entry("leads:assigning", _("Assigning"), "user-check", (Action.ASSIGN,), _PARTLY, keys="g a"),
            Entry("leads:reviews", _("Reviews"), "clipboard-check", (Action.ASSIGN,), _PARTLY, keys="g r"),
            Entry(
                "leads:funnel",
                _("Funnel"),
                "chart-funnel",
                (Action.WORK_LEADS,),
                keys="g f",
                figures=Action.SEE_FIGURES,
            ),
            Entry(
                "leads:imports",
                _("Imports"),
                "file-import",
                (Action.IMPORT,),
                (Limit.OWNERS_ONLY,),
                keys="g i",
            ),
        ),
    ),
    (
        _("Messages"),
        (
            Entry("crm:inbox", _("Replies"), "inbox", (Action.SEND_MESSAGE,)),
            Entry(
                "crm:unknown",
                _("Unknown outcomes"),
                "alert-circle",
                (Action.MAKE_CAMPAIGN, Action.APPROVE_CAMPAIGN),
            ),
        ),
    ),
    (
        _("Prepare"),
        (
            Entry(
                "campaigns:home",
                _("Campaigns"),
                "calendar-event",
                (Action.MAKE_CAMPAIGN, Action.APPROVE_CAMPAIGN),
                short=_("Campaigns"),
                tab=3,
            ),
            Entry(
                "campaigns:milestones",
                _("Milestones"),
                "flag",
                (Action.MAKE_CAMPAIGN, Action.APPROVE_CAMPAIGN, Action.WORK_LEADS),
                also=("campaigns:milestone", "campaigns:guests"),
            ),
            Entry(
                "campaigns:broadcasts",
                _("Broadcasts"),
                "messages",
                (Action.MAKE_CAMPAIGN, Action.APPROVE_CAMPAIGN),
                also=("campaigns:broadcast", "campaigns:broadcast_new", "campaigns:broadcast_people"),
            ),
            Entry(
                "campaigns:festivals",
                _("Festivals"),
                "calendar-event",
                (Action.MAKE_CAMPAIGN, Action.APPROVE_CAMPAIGN, Action.ADMINISTER),
                _NOT_MEMBERS,
                also=("campaigns:festival", "campaigns:greeting"),
            ),
            Entry(
                "campaigns:greetings",
                _("Greetings"),
                "mail",
                (Action.MAKE_CAMPAIGN, Action.APPROVE_CAMPAIGN),
                also=("campaigns:greeting_run",),
            ),
            Entry("crm:occasions", _("Occasions"), "confetti", (*_POLICY, Action.MAKE_CAMPAIGN), _NOT_SALES),
            Entry("leads:scripts", _("Scripts"), "script", _POLICY, _NOT_SALES),
            Entry("leads:grades", _("Grades"), "clipboard-check", _POLICY, _NOT_SALES),
            Entry("leads:policies", _("Policies"), "file-text", _POLICY, _NOT_SALES),
            Entry("crm:shifts", _("Shifts"), "beach", (Action.ASSIGN,), _PARTLY),
        ),
    ),
    (
        _("Administer"),
        (
            Entry(
                "crm:gateways",
                _("Gateways"),
                "server",
                (Action.ADMINISTER,),
                _NOT_MEMBERS,
                also=("crm:gateway", "crm:gateway_new", "crm:gateway_edit"),
            ),
            Entry("crm:users", _("Users"), "user-circle", (Action.ADMINISTER,)),
            Entry("crm:projects", _("Projects"), "building-community", (Action.ADMINISTER,), _NOT_MEMBERS),
            Entry("crm:units", _("Units"), "building", (Action.ADMINISTER,), _NOT_MEMBERS),
            Entry("crm:areas", _("Areas"), "map-2", (Action.ADMINISTER,), _NOT_MEMBERS),
            Entry("crm:calendar", _("Working calendar"), "calendar", (Action.ADMINISTER,), _NOT_MEMBERS),
            Entry("crm:jobs", _("Scheduled jobs"), "clock-play", (Action.ADMINISTER,)),
        ),
    ),
    ("", (Entry("crm:notices", _("Notices"), "bell", short=_("Notices"), tab=4, keys="g n"),)),
)

# Where "/" leads, by the first of these roles that the user holds.
HOMES: tuple[tuple[Role, str], ...] = (
    (Role.SALES_DIRECTOR, "leads:manager"),
    (Role.SALES_MANAGER, "leads:manager"),
    (Role.CONSULTANT, "leads:today"),
    (Role.FRONT_DESK, "leads:register_visit"),
    (Role.CONTRACTS_CLERK, "leads:list"),
    (Role.MARKETING, "campaigns:home"),
    (Role.SYSTEM_ADMINISTRATOR, "crm:users"),
)
HOME_OF_OTHERS = "crm:notices"
TABS_ON_A_PHONE = 3


class Navigation:
    """The entries one user may open, arranged for the sidebar, the phone's bar and the shortcut list."""

    def __init__(self, user: User, current: str) -> None:
        groups = ((label, tuple(_items(user, entries, current))) for label, entries in TABLE)
        self.groups = tuple(Group(label, items) for label, items in groups if items)
        names = {entry.url_name for entry in REGISTER}
        everything = tuple(item for group in self.groups for item in group.items)
        self.register = tuple(item for item in everything if item.url_name in names)
        others = tuple(item for item in everything if item.url_name not in names)
        self.tabs = tuple(sorted((item for item in others if item.tab), key=lambda item: item.tab))[
            :TABS_ON_A_PHONE
        ]
        self.more = tuple(item for item in others if item not in self.tabs)
        self.keyed = tuple(item for item in everything if item.keys)
        #: equal for users who are shown the same entries with the same one marked
        self.key = tuple((item.url_name, item.current) for item in everything)


def navigation_for(request: HttpRequest) -> Navigation:
    """The navigation of the signed-in user, with the entry of this page marked."""
    assert isinstance(request.user, User)
    match = request.resolver_match
    return Navigation(request.user, match.view_name if match else "")


def home_url(user: User) -> str:
    """Where the user starts: the page of the widest role, or the notices while that page does not exist."""
    held = roles_of(user)
    names = [name for role, name in HOMES if role.value in held]
    return next((url for name in (*names, HOME_OF_OTHERS) if (url := _url(name))), "")


def _items(user: User, entries: tuple[Entry, ...], current: str) -> list[Item]:
    return [
        Item(
            entry.url_name,
            url,
            entry.label,
            entry.short or entry.label,
            entry.icon,
            entry.keys,
            entry.tab,
            current in (entry.url_name, *entry.also),
        )
        for entry in entries
        if (url := _url(entry.url_name)) and _open_to(user, entry)
    ]


def _open_to(user: User, entry: Entry) -> bool:
    if not entry.actions or any(scope(user, action, without=entry.without) for action in entry.actions):
        return True
    wide = scope(user, entry.figures) if entry.figures else None
    return wide is not None and bool(wide.everywhere or wide.projects)


@cache
def _url(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
