"""docs/roles.md and crm/roles.py are one table, and the table's own promises."""

import pytest

from crm.roles import NOTHING, TABLE, Action, Limit, Reach, Role, grant, grants, widest
from tests.access.roles_document import DOCUMENT, read_cell, read_table

DOCUMENTED = read_table(DOCUMENT.read_text(encoding="utf-8"))
AFTER_SALES = {
    Action.DISPATCH,
    Action.WORK_ORDERS,
    Action.COUNTERSIGN,
    Action.COMPLAINT_PRELIMINARY,
    Action.COMPLAINT_DECIDE,
    Action.REVISIT_PLAN,
    Action.REVISIT_CARRY_OUT,
    Action.REVISIT_REVIEW,
    Action.REVISIT_DECIDE,
}


def test_the_document_has_every_action_and_every_role() -> None:
    assert set(DOCUMENTED) == set(Action)
    assert all(set(row) == set(Role) for row in DOCUMENTED.values())


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", Role)
def test_the_code_grants_what_the_document_says(role: Role, action: Action) -> None:
    assert grant(role, action) == DOCUMENTED[action][role]


def test_every_limit_of_the_code_is_explained_in_the_document() -> None:
    used = {limit for row in TABLE.values() for cell in row.values() for limit in cell.limits}
    assert used == set(Limit)


def test_a_word_that_is_neither_reach_nor_limit_is_not_passed_over() -> None:
    for cell in ("everything", "own, sometimes", "", "-"):
        with pytest.raises(KeyError):
            read_cell(cell)


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", ["", "superuser", "Consultant", "consultant "])
def test_an_unknown_role_sees_nothing(role: str, action: Action) -> None:
    assert grant(role, action) is NOTHING
    assert not grants([role], action)
    assert not widest([role], action)


def test_no_role_at_all_is_nothing() -> None:
    assert widest([], Action.SEE_LEADS) is NOTHING


def test_several_roles_add_up_and_the_widest_counts() -> None:
    desk_and_consultant = [Role.FRONT_DESK, Role.CONSULTANT]
    both = grants(desk_and_consultant, Action.SEE_LEADS)
    assert [each.reach for each in both] == [Reach.PROJECT, Reach.OWN]
    assert both[0].has(Limit.MASKED)
    assert not both[1].has(Limit.MASKED)
    assert widest([Role.CONSULTANT, Role.SALES_MANAGER], Action.SEE_LEADS) == grant(
        Role.SALES_MANAGER, Action.SEE_LEADS
    )


def test_among_equal_reach_the_less_limited_grant_comes_first() -> None:
    assert not grants([Role.FRONT_DESK, Role.SALES_MANAGER], Action.SEE_LEADS)[0].limits


def test_after_sales_staff_see_no_leads_and_sales_staff_no_cases() -> None:
    after_sales = [Role.SPECIALIST, Role.REPAIRER, Role.AREA_ADMINISTRATOR, Role.ASSISTANT, Role.DIRECTOR]
    sales = [
        Role.CONSULTANT,
        Role.FRONT_DESK,
        Role.CONTRACTS_CLERK,
        Role.SALES_MANAGER,
        Role.SALES_DIRECTOR,
        Role.MARKETING,
    ]
    assert not widest(after_sales, Action.SEE_LEADS)
    assert not widest(after_sales, Action.WORK_LEADS)
    assert not [action for action in AFTER_SALES if widest(sales, action)]


def test_the_system_administrator_has_no_customer_data() -> None:
    held = {action for action in Action if grant(Role.SYSTEM_ADMINISTRATOR, action)}
    assert held == {Action.IMPORT, Action.ADMINISTER}
    assert grant(Role.SYSTEM_ADMINISTRATOR, Action.ADMINISTER).has(Limit.NO_CUSTOMER_DATA)


def test_who_makes_a_campaign_does_not_approve_it() -> None:
    makers = {role for role in Role if grant(role, Action.MAKE_CAMPAIGN)}
    assert makers
    assert not any(grant(role, Action.APPROVE_CAMPAIGN) for role in makers)


def test_sc_13_who_drafts_a_policy_does_not_approve_it() -> None:
    drafters = {role for role in Role if grant(role, Action.DRAFT_POLICY)}
    assert drafters
    assert not any(grant(role, Action.APPROVE_POLICY) for role in drafters)
