"""Who may do what, and how far: the one table of roles, actions and reach. Pure data.

`docs/roles.md` is the same table for people; a test compares the two cell by cell. Querysets and gates
are built on this in `crm.access`; nothing else decides on a role.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType


class Role(StrEnum):
    CONSULTANT = "consultant"
    FRONT_DESK = "front_desk"
    CONTRACTS_CLERK = "contracts_clerk"
    SALES_MANAGER = "sales_manager"
    SALES_DIRECTOR = "sales_director"
    MARKETING = "marketing"
    SPECIALIST = "specialist"
    REPAIRER = "repairer"
    AREA_ADMINISTRATOR = "area_administrator"
    ASSISTANT = "assistant"
    DIRECTOR = "director"
    SYSTEM_ADMINISTRATOR = "system_administrator"


class Action(StrEnum):
    SEE_LEADS = "see_leads"
    REGISTER = "register"
    WORK_LEADS = "work_leads"
    ASSIGN = "assign"
    DECIDE_ATTRIBUTION = "decide_attribution"
    HOLD_UNIT = "hold_unit"
    RECORD_DEAL = "record_deal"
    DRAFT_POLICY = "draft_policy"
    REVIEW_POLICY = "review_policy"
    APPROVE_POLICY = "approve_policy"
    IMPORT = "import"
    EXPORT = "export"
    MAKE_CAMPAIGN = "make_campaign"
    APPROVE_CAMPAIGN = "approve_campaign"
    SEND_MESSAGE = "send_message"
    SEE_FIGURES = "see_figures"
    REGISTER_REQUEST = "register_request"
    DISPATCH = "dispatch"
    WORK_ORDERS = "work_orders"
    COUNTERSIGN = "countersign"
    COMPLAINT_PRELIMINARY = "complaint_preliminary"
    COMPLAINT_DECIDE = "complaint_decide"
    REVISIT_PLAN = "revisit_plan"
    REVISIT_CARRY_OUT = "revisit_carry_out"
    REVISIT_REVIEW = "revisit_review"
    REVISIT_DECIDE = "revisit_decide"
    ADMINISTER = "administer"


class Reach(IntEnum):
    """How far a grant goes; the larger number is the wider reach."""

    NONE = 0
    OWN = 1  # what one is responsible for
    AREA = 2  # a named set of buildings, by one's area memberships
    PROJECT = 3  # the projects of one's memberships
    ALL = 4


class Limit(StrEnum):
    """What narrows a grant inside its reach."""

    MASKED = "masked"
    EXISTENCE_ONLY = "existence_only"
    WITH_DEAL = "with_deal"
    COUNTS_ONLY = "counts_only"
    CLAIM_ONLY = "claim_only"
    ROTA_BOARD_ONLY = "rota_board_only"
    PROPOSE_ONLY = "propose_only"
    APPROVE_ONLY = "approve_only"
    ABOVE_LIMIT = "above_limit"
    FEW = "few"
    WITHOUT_PHONES = "without_phones"
    OWNERS_ONLY = "owners_only"
    AFTER_SALES_ONLY = "after_sales_only"
    NOTE_ONLY = "note_only"
    SEE_ONLY = "see_only"
    MAJOR_ONLY = "major_only"
    MEMBERS_ONLY = "members_only"
    NO_CUSTOMER_DATA = "no_customer_data"


@dataclass(frozen=True, slots=True)
class Grant:
    """One cell of the table. NOTHING is the empty cell."""

    reach: Reach
    limits: frozenset[Limit] = frozenset()

    def __bool__(self) -> bool:
        return self.reach is not Reach.NONE

    def has(self, limit: Limit) -> bool:
        return limit in self.limits


NOTHING = Grant(Reach.NONE)


def _own(*limits: Limit) -> Grant:
    return Grant(Reach.OWN, frozenset(limits))


def _area(*limits: Limit) -> Grant:
    return Grant(Reach.AREA, frozenset(limits))


def _project(*limits: Limit) -> Grant:
    return Grant(Reach.PROJECT, frozenset(limits))


def _all(*limits: Limit) -> Grant:
    return Grant(Reach.ALL, frozenset(limits))


# The two ladders that repeat: who leads the sales side, who leads the after-sales side.
_SALES_LEADS = {Role.SALES_MANAGER: _project(), Role.SALES_DIRECTOR: _all()}
_SERVICE_LEADS = {Role.AREA_ADMINISTRATOR: _area(), Role.ASSISTANT: _project(), Role.DIRECTOR: _all()}

TABLE: Mapping[Action, Mapping[Role, Grant]] = MappingProxyType(
    {
        Action.SEE_LEADS: {
            Role.CONSULTANT: _own(),
            Role.FRONT_DESK: _project(Limit.MASKED, Limit.EXISTENCE_ONLY),
            Role.CONTRACTS_CLERK: _project(Limit.WITH_DEAL),
            **_SALES_LEADS,
            Role.MARKETING: _project(Limit.COUNTS_ONLY),
        },
        Action.REGISTER: {Role.CONSULTANT: _project(), Role.FRONT_DESK: _project(), **_SALES_LEADS},
        Action.WORK_LEADS: {Role.CONSULTANT: _own(), **_SALES_LEADS},
        Action.ASSIGN: {
            Role.CONSULTANT: _project(Limit.CLAIM_ONLY),
            Role.FRONT_DESK: _project(Limit.ROTA_BOARD_ONLY),
            **_SALES_LEADS,
        },
        Action.DECIDE_ATTRIBUTION: {**_SALES_LEADS},
        Action.HOLD_UNIT: {Role.CONSULTANT: _own(), Role.CONTRACTS_CLERK: _project(), **_SALES_LEADS},
        Action.RECORD_DEAL: {
            Role.CONSULTANT: _own(Limit.PROPOSE_ONLY),
            Role.CONTRACTS_CLERK: _project(),
            Role.SALES_MANAGER: _project(Limit.APPROVE_ONLY),
            Role.SALES_DIRECTOR: _all(Limit.ABOVE_LIMIT),
        },
        Action.DRAFT_POLICY: {
            Role.SALES_MANAGER: _project(),
            Role.ASSISTANT: _project(Limit.AFTER_SALES_ONLY),
        },
        Action.REVIEW_POLICY: {
            Role.SALES_MANAGER: _project(),
            Role.ASSISTANT: _project(Limit.AFTER_SALES_ONLY),
        },
        Action.APPROVE_POLICY: {
            Role.SALES_DIRECTOR: _all(),
            Role.DIRECTOR: _all(Limit.AFTER_SALES_ONLY),
        },
        Action.IMPORT: {
            **_SALES_LEADS,
            Role.AREA_ADMINISTRATOR: _area(Limit.OWNERS_ONLY),
            Role.ASSISTANT: _project(Limit.OWNERS_ONLY),
            Role.DIRECTOR: _project(Limit.OWNERS_ONLY),
            Role.SYSTEM_ADMINISTRATOR: _all(),
        },
        Action.EXPORT: {
            Role.CONSULTANT: _own(Limit.FEW),
            **_SALES_LEADS,
            Role.MARKETING: _project(Limit.WITHOUT_PHONES),
            Role.SPECIALIST: _area(),
            **_SERVICE_LEADS,
        },
        Action.MAKE_CAMPAIGN: {Role.MARKETING: _project()},
        Action.APPROVE_CAMPAIGN: {**_SALES_LEADS},
        Action.SEND_MESSAGE: {
            Role.CONSULTANT: _own(),
            Role.CONTRACTS_CLERK: _own(Limit.WITH_DEAL),
            **_SALES_LEADS,
            Role.SPECIALIST: _own(),
            **_SERVICE_LEADS,
        },
        Action.SEE_FIGURES: {
            Role.CONSULTANT: _own(),
            **_SALES_LEADS,
            Role.MARKETING: _project(Limit.COUNTS_ONLY),
            Role.SPECIALIST: _own(),
            Role.REPAIRER: _own(),
            **_SERVICE_LEADS,
        },
        Action.REGISTER_REQUEST: {
            Role.CONSULTANT: _own(Limit.NOTE_ONLY),
            Role.SALES_MANAGER: _project(Limit.NOTE_ONLY),
            Role.SALES_DIRECTOR: _all(Limit.NOTE_ONLY),
            Role.SPECIALIST: _project(),
            **_SERVICE_LEADS,
        },
        Action.DISPATCH: {Role.SPECIALIST: _project(), **_SERVICE_LEADS},
        Action.WORK_ORDERS: {
            Role.SPECIALIST: _project(Limit.SEE_ONLY),
            Role.REPAIRER: _own(),
            **_SERVICE_LEADS,
        },
        Action.COUNTERSIGN: {**_SERVICE_LEADS},
        Action.COMPLAINT_PRELIMINARY: {
            Role.SPECIALIST: _project(Limit.NOTE_ONLY),
            Role.AREA_ADMINISTRATOR: _area(Limit.NOTE_ONLY),
            Role.ASSISTANT: _project(),
            Role.DIRECTOR: _all(),
        },
        Action.COMPLAINT_DECIDE: {Role.ASSISTANT: _project(), Role.DIRECTOR: _all()},
        Action.REVISIT_PLAN: {Role.ASSISTANT: _project(), Role.DIRECTOR: _all()},
        Action.REVISIT_CARRY_OUT: {
            Role.SPECIALIST: _own(),
            Role.AREA_ADMINISTRATOR: _area(),
            Role.DIRECTOR: _all(Limit.MAJOR_ONLY),
        },
        Action.REVISIT_REVIEW: {Role.ASSISTANT: _project()},
        Action.REVISIT_DECIDE: {Role.DIRECTOR: _all()},
        Action.ADMINISTER: {
            Role.SALES_MANAGER: _project(Limit.MEMBERS_ONLY),
            Role.SALES_DIRECTOR: _all(Limit.MEMBERS_ONLY),
            Role.DIRECTOR: _all(Limit.MEMBERS_ONLY),
            Role.SYSTEM_ADMINISTRATOR: _all(Limit.NO_CUSTOMER_DATA),
        },
    }
)


def grant(role: str, action: Action) -> Grant:
    """What one role may do. A role that is not in the table, or has no cell, gets NOTHING."""
    try:
        known = Role(role)
    except ValueError:
        return NOTHING
    return TABLE[action].get(known, NOTHING)


def grants(roles: Iterable[str], action: Action) -> tuple[Grant, ...]:
    """Every grant that several roles add up to, the widest first, the least limited first among equals.

    All of them matter: the front desk's masked view of a project does not mask a consultant's own leads.
    """
    found = {grant(role, action) for role in roles} - {NOTHING}
    return tuple(sorted(found, key=lambda each: (-each.reach, len(each.limits), sorted(each.limits))))


def widest(roles: Iterable[str], action: Action) -> Grant:
    """The widest of several roles' grants, or NOTHING."""
    return next(iter(grants(roles, action)), NOTHING)
