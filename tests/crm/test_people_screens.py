"""The screens of accounts and roles, role by role."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from crm.models import Membership, Project, User
from crm.roles import Role
from tests.crm.screens import signed_in
from tests.factories import PASSWORD, add_role, make_project, make_user

pytestmark = pytest.mark.django_db

ADMINISTER = {Role.SALES_MANAGER, Role.SALES_DIRECTOR, Role.DIRECTOR, Role.SYSTEM_ADMINISTRATOR}
ACCOUNT = {"name": "Lin", "username": "lin", "mobile": "", "aliases": "小林\n林顾问", "language": ""}


@pytest.fixture
def project() -> Project:
    return make_project("A")


@pytest.fixture
def lin(project: Project) -> User:
    return make_user(project=project, name="Lin")


@pytest.fixture
def stranger() -> User:
    return make_user(project=make_project("B"), name="Stranger")


@pytest.fixture
def wu(project: Project) -> Client:
    return signed_in(make_user(Role.SALES_MANAGER, project, name="Wu"))


@pytest.fixture
def root() -> Client:
    return signed_in(make_user(Role.SYSTEM_ADMINISTRATOR, name="Root"))


def at(name: str, *args: Any) -> str:
    return reverse(f"crm:{name}", args=args)


def test_nobody_reaches_them_without_signing_in(lin: User) -> None:
    for url in (at("users"), at("user_new"), at("user", lin.pk), at("member_new")):
        assert Client().get(url).status_code == 302


@pytest.mark.parametrize("role", list(Role))
def test_who_opens_what(project: Project, lin: User, role: Role) -> None:
    client = signed_in(make_user(role, project))
    allowed = 200 if role in ADMINISTER else 403
    own_account = 200 if role is Role.SYSTEM_ADMINISTRATOR else 403
    assert client.get(at("users")).status_code == allowed
    assert client.get(at("user", lin.pk)).status_code == allowed
    assert client.get(at("member_new")).status_code == allowed
    assert client.get(at("membership_new", lin.pk)).status_code == allowed
    for name, args in (("user_new", ()), ("user_edit", (lin.pk,)), ("user_password", (lin.pk,))):
        assert client.get(at(name, *args)).status_code == own_account
        sent = (
            200 if name == "user_password" else 422
        )  # a first password is made without being asked anything
        assert client.post(at(name, *args)).status_code == (sent if own_account == 200 else 403)
    assert client.post(at("user_active", lin.pk), {"on": "1"}).status_code == (
        302 if own_account == 200 else 403
    )


def test_a_role_that_nobody_knows_opens_nothing(lin: User) -> None:
    assert signed_in(make_user(None)).get(at("users")).status_code == 403


def test_a_manager_does_not_see_other_projects(wu: Client, lin: User, stranger: User) -> None:
    add_role(lin, Role.MARKETING, stranger.memberships.get().project)
    assert "Stranger" not in wu.get(at("users")).content.decode()
    assert (
        "Stranger"
        not in wu.get(at("users"), {"q": "Stran"}).content.decode().split("<main")[1].split("</form>")[1]
    )
    assert wu.get(at("user", stranger.pk)).status_code == 404
    assert wu.get(at("membership_new", stranger.pk)).status_code == 404
    assert "marketing" not in wu.get(at("user", lin.pk)).content.decode().split("</nav>")[-1]
    for row in (stranger.memberships.get(), lin.memberships.get(role=Role.MARKETING)):
        assert wu.get(at("membership", row.pk)).status_code == 404
        assert wu.post(at("membership_end", row.pk)).status_code == 404
    assert Membership.objects.filter(active=True, user__in=[lin, stranger]).count() == 3


def test_a_manager_changes_no_peer_and_not_themselves(project: Project) -> None:
    wu, peer = make_user(Role.SALES_MANAGER, project), make_user(Role.SALES_MANAGER, project)
    client = signed_in(wu)
    assert client.post(at("membership_end", peer.memberships.get().pk)).status_code == 403
    assert client.post(at("membership_end", wu.memberships.get().pk)).status_code == 403
    assert client.get(at("membership_new", wu.pk)).status_code == 403


def test_a_manager_is_offered_the_team_and_own_projects_only(wu: Client, stranger: User) -> None:
    form = wu.get(at("member_new")).context["form"]
    assert {code for code, _ in form.fields["role"].choices if code} == {
        "consultant", "front_desk", "contracts_clerk", "marketing",
    }  # fmt: skip
    assert [project.name for project in form.fields["project"].queryset] == ["A"]


@pytest.mark.parametrize("person", ["Stranger", "STRANGER"])
def test_a_manager_brings_somebody_in_by_name(
    wu: Client, project: Project, stranger: User, person: str
) -> None:
    answer = wu.post(at("member_new"), {"person": person, "role": "consultant", "project": project.pk})
    assert answer.status_code == 302
    assert stranger.memberships.filter(project=project, role="consultant", active=True).exists()


def test_a_foreign_project_or_role_in_the_post_is_refused(
    wu: Client, stranger: User, project: Project
) -> None:
    foreign = stranger.memberships.get().project
    assert foreign is not None
    for data in (
        {"role": "consultant", "project": foreign.pk},
        {"role": "sales_manager", "project": project.pk},
        {"role": "system_administrator"},
    ):
        answer = wu.post(at("member_new"), {"person": stranger.username, **data})
        assert answer.status_code == 422
    assert stranger.memberships.count() == 1


def test_an_unknown_and_an_ambiguous_name_keep_the_input(wu: Client, project: Project) -> None:
    make_user(None, name="Wang")
    make_user(None, name="Wang")
    for person, says in (("Nemo", "Ask the system administrator"), ("Wang", "Write the login name")):
        answer = wu.post(at("member_new"), {"person": person, "role": "consultant", "project": project.pk})
        assert answer.status_code == 422
        assert says in answer.content.decode()
        assert f'value="{person}"' in answer.content.decode()


def test_the_administrator_makes_an_account_and_then_gives_a_role(root: Client, project: Project) -> None:
    answer = root.post(at("user_new"), {**ACCOUNT, "password": "an-own-choice-77"})
    user = User.objects.get(username="lin")
    first = answer.context["password"]
    assert first in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    assert at("user", user.pk) in answer.content.decode()
    assert user.check_password(first)
    assert user.must_change_password
    assert first not in root.get(at("user", user.pk)).content.decode()
    assert user.aliases == ["小林", "林顾问"]
    root.post(at("membership_new", user.pk), {"role": "consultant", "project": project.pk, "capacity": "30"})
    assert [(row.role, row.project, row.capacity) for row in user.memberships.all()] == [
        ("consultant", project, 30)
    ]


def test_fields_of_the_server_cannot_be_sent(root: Client, lin: User) -> None:
    root.post(
        at("user_edit", lin.pk),
        {**ACCOUNT, "is_superuser": "1", "is_staff": "1", "is_active": "", "password": "x", "id": "1"},
    )
    fresh = User.objects.get(pk=lin.pk)
    assert (fresh.username, fresh.is_superuser, fresh.is_staff, fresh.is_active) == (
        "lin",
        False,
        False,
        True,
    )
    assert fresh.check_password(PASSWORD)


def test_a_refused_account_keeps_what_was_typed(root: Client) -> None:
    root.post(at("user_new"), ACCOUNT)
    answer = root.post(at("user_new"), {**ACCOUNT, "username": "LIN"})
    said = answer.content.decode()
    assert answer.status_code == 422
    assert "This login name is taken" in said
    assert 'value="LIN"' in said
    assert "小林" in said


def test_switching_off_signs_the_person_out_at_once(root: Client, lin: User) -> None:
    theirs = signed_in(lin)
    root.post(at("user_active", lin.pk))
    assert theirs.get(at("notices")).status_code == 302
    root.post(at("user_active", lin.pk), {"on": "1"})
    assert User.objects.get(pk=lin.pk).is_active


def test_a_new_password_ends_every_session(root: Client, lin: User) -> None:
    theirs = signed_in(lin)
    answer = root.post(at("user_password", lin.pk))
    assert theirs.get(at("notices")).status_code == 302
    lin.refresh_from_db()
    assert lin.check_password(answer.context["password"])
    assert lin.must_change_password


def test_an_administrator_gives_themselves_no_password_and_resets_no_own_factor() -> None:
    user = make_user(Role.SYSTEM_ADMINISTRATOR)
    client = signed_in(user)
    assert client.post(at("user_password", user.pk)).status_code == 422
    client.post(at("user_factor", user.pk))
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert not user.must_change_password


def test_px_13_capacity_is_set_on_its_own_page(wu: Client, lin: User) -> None:
    row = lin.memberships.get()
    assert wu.get(at("membership", row.pk)).status_code == 200
    assert wu.post(at("membership", row.pk), {"capacity": "0"}).status_code == 422
    assert wu.post(at("membership", row.pk), {"capacity": "25", "role": "sales_director"}).status_code == 302
    row.refresh_from_db()
    assert (row.capacity, row.role) == (25, "consultant")


def test_a_deed_is_never_a_get(root: Client, lin: User) -> None:
    assert root.get(at("user_active", lin.pk)).status_code == 405
    assert root.get(at("membership_end", lin.memberships.get().pk)).status_code == 405


def test_a_name_is_text(root: Client, project: Project) -> None:
    nasty = make_user(project=project, name="<script>alert(1)</script>")
    for url in (at("users"), at("user", nasty.pk)):
        assert "<script>alert(1)" not in root.get(url).content.decode()


@pytest.mark.parametrize("people", [2, 20])
def test_the_list_asks_the_same_number_of_questions(
    wu: Client, project: Project, people: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(people):
        add_role(make_user(project=project), Role.FRONT_DESK, project)
    wu.get(at("users"))
    with django_assert_num_queries(QUERIES_OF_THE_LIST):
        answer = wu.get(at("users"))
    assert len(answer.context["page"].rows) == people + 1


# Session, user, memberships, projects, the list, its roles, unread notices.
QUERIES_OF_THE_LIST = 5
