"""Who may give which role to whom: the cells "members" of the row ADMINISTER, role by role. Pure.

Nobody changes a role of their own, so nobody raises their own rights; and nobody gives a role that leads
their own one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from crm.roles import Role

EVERYWHERE = frozenset({Role.SALES_DIRECTOR, Role.DIRECTOR, Role.SYSTEM_ADMINISTRATOR})
"""Roles that reach every project, and are therefore held without one."""

IN_AN_AREA = frozenset({Role.AREA_ADMINISTRATOR})
"""Roles that need an area of the project."""

_SALES_TEAM = frozenset({Role.CONSULTANT, Role.FRONT_DESK, Role.CONTRACTS_CLERK, Role.MARKETING})
_SERVICE_TEAM = frozenset({Role.SPECIALIST, Role.REPAIRER, Role.AREA_ADMINISTRATOR, Role.ASSISTANT})

_GRANTS: Mapping[Role, frozenset[Role]] = MappingProxyType(
    {
        Role.SALES_MANAGER: _SALES_TEAM,
        Role.SALES_DIRECTOR: _SALES_TEAM | {Role.SALES_MANAGER},
        Role.DIRECTOR: _SERVICE_TEAM,
        Role.SYSTEM_ADMINISTRATOR: frozenset(Role),
    }
)

_KNOWN = frozenset(role.value for role in Role)


def grantable(held: Iterable[tuple[str, int | None]], project_id: int | None) -> frozenset[Role]:
    """The roles that a holder of `held` (role, project id or None for everywhere) may give and take.

    `project_id` is the project concerned, None for a role held everywhere.
    """
    found: set[Role] = set()
    for role, where in held:
        given = _GRANTS.get(Role(role), frozenset()) if role in _KNOWN else frozenset()
        reaches = project_id is not None and where in (None, project_id)
        if role in EVERYWHERE or reaches:
            found |= given
    return frozenset(found)
