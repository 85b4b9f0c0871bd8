"""The frame: one door, a home for each role, language, project and time zone, errors that render alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from crm import navigation
from crm.models import Project, User
from crm.navigation import Navigation, home_url
from crm.project_context import ProjectZoneMiddleware, current_project
from crm.roles import Role
from crm.templatetags.ui import link
from tests.factories import PASSWORD, add_role, make_project, make_user

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def attempt(client: Client, name: str, password: str) -> Any:
    return client.post(LOGIN, {"login": name, "password": password}, headers={"accept-language": "en"})


# One door


@pytest.mark.parametrize(
    "path", ["/", "/notices/", "/clauses/SC-2.2/", "/accounts/password/change/", "/admin/"]
)
def test_a_visitor_is_sent_to_the_login(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 302
    assert LOGIN in answer["Location"] or answer["Location"].startswith("/admin/login/")


@pytest.mark.parametrize(
    "path", ["signup/", "password/reset/", "email/", "login/code/", "reauthenticate/", ""]
)
def test_there_is_no_other_way_in(client: Client, path: str) -> None:
    assert signed_in(make_user()).get(f"/accounts/{path}").status_code == 404


def test_signing_in_leads_home(client: Client) -> None:
    user = make_user()
    answer = attempt(client, user.username, PASSWORD)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.session.get_expire_at_browser_close() is False


def test_five_wrong_passwords_lock_the_name_and_only_that_name(client: Client) -> None:
    user, other = make_user(), make_user()
    for _ in range(5):
        assert (
            "The user name or the password is wrong."
            in attempt(client, user.username, "wrong").content.decode()
        )
    locked = attempt(client, user.username, PASSWORD)
    assert locked.status_code == 200
    assert "locked for 15 minutes" in locked.content.decode()
    assert attempt(Client(), other.username, PASSWORD).status_code == 302


def test_an_unknown_name_and_a_wrong_password_answer_alike(client: Client) -> None:
    user = make_user()
    texts = {
        attempt(client, name, "wrong").content.decode().replace(name, "")
        for name in (user.username, "nobody")
    }
    assert len({"The user name or the password is wrong." in text for text in texts}) == 1
    assert all("wrong" in text for text in texts)


def test_an_inactive_account_cannot_sign_in(client: Client) -> None:
    attempt(client, make_user(active=False).username, PASSWORD)
    assert "_auth_user_id" not in client.session


def test_the_admin_has_no_login_form_of_its_own(client: Client) -> None:
    answer = client.get("/admin/login/?next=/admin/")
    assert answer.status_code == 302
    assert answer["Location"].startswith(LOGIN)
    assert signed_in(make_user()).get("/admin/login/").status_code == 403


def test_signing_out_needs_a_post() -> None:
    client = signed_in(make_user())
    client.get("/accounts/logout/")
    assert "_auth_user_id" in client.session
    client.post("/accounts/logout/")
    assert "_auth_user_id" not in client.session


# Navigation


@pytest.fixture
def every_screen_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(navigation, "_url", lambda name: f"/{name}/")


@pytest.mark.usefixtures("every_screen_exists")
@pytest.mark.parametrize(
    ("role", "home"),
    [
        (Role.CONSULTANT, "leads:today"),
        (Role.SALES_MANAGER, "leads:manager"),
        (Role.SALES_DIRECTOR, "leads:manager"),
        (Role.FRONT_DESK, "leads:register_visit"),
        (Role.CONTRACTS_CLERK, "leads:list"),
        (Role.MARKETING, "campaigns:home"),
        (Role.SYSTEM_ADMINISTRATOR, "crm:users"),
        (Role.REPAIRER, "crm:notices"),
    ],
)
def test_home_by_role(role: Role, home: str) -> None:
    assert home_url(make_user(role, make_project())) == f"/{home}/"


@pytest.mark.usefixtures("every_screen_exists")
def test_the_widest_role_decides_the_home() -> None:
    project = make_project()
    user = make_user(Role.CONSULTANT, project)
    add_role(user, Role.SALES_MANAGER, project)
    assert home_url(user) == "/leads:manager/"


def test_a_user_without_a_role_still_lands_somewhere() -> None:
    assert home_url(make_user(None)) == reverse("crm:notices")


def names(user: User) -> set[str]:
    return {item.url_name for group in Navigation(user, "").groups for item in group.items}


@pytest.mark.usefixtures("every_screen_exists")
def test_entries_follow_the_role() -> None:
    project = make_project()
    consultant = names(make_user(Role.CONSULTANT, project))
    desk = names(make_user(Role.FRONT_DESK, project))
    manager = names(make_user(Role.SALES_MANAGER, project))
    admin = names(make_user(Role.SYSTEM_ADMINISTRATOR))
    assert {"leads:today", "leads:list", "leads:register_call"} <= consultant
    assert not consultant & {
        "leads:manager",
        "leads:assigning",
        "leads:imports",
        "crm:users",
        "leads:policies",
    }
    assert "leads:register_visit" in desk
    assert not desk & {"leads:today", "leads:list", "leads:manager"}
    assert {"leads:manager", "leads:assigning", "leads:imports", "crm:shifts", "crm:users"} <= manager
    assert not manager & {"crm:projects", "crm:calendar"}
    assert {"crm:users", "crm:projects", "crm:jobs"} <= admin
    assert not admin & {"leads:list", "leads:today", "leads:manager"}
    assert names(make_user(None)) == {"crm:notices"}
    assert "leads:funnel" in consultant & manager & names(make_user(Role.ASSISTANT, project))
    assert "leads:funnel" not in names(make_user(Role.SPECIALIST, project)) | names(
        make_user(Role.REPAIRER, project)
    ), "they have no figures of sales: the page answers 403"


@pytest.mark.usefixtures("every_screen_exists")
def test_the_phone_has_today_leads_register_more() -> None:
    nav = Navigation(make_user(Role.CONSULTANT, make_project()), "leads:lead")
    assert [item.url_name for item in nav.tabs] == ["leads:today", "leads:list", "crm:notices"]
    assert [item.url_name for item in nav.register] == ["leads:register_visit", "leads:register_call"]
    assert [item.current for item in nav.tabs] == [False, True, False]
    assert not {item.url_name for item in nav.more} & {item.url_name for item in (*nav.tabs, *nav.register)}


def test_an_entry_without_a_screen_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = navigation.Entry("crm:not_there_yet", "Soon", "bell")
    monkeypatch.setattr(navigation, "TABLE", (("", (missing, *navigation.TABLE[-1][1])),))
    assert names(make_user(None)) == {"crm:notices"}


def test_shortcuts_are_unique() -> None:
    keys = [entry.keys for _, entries in navigation.TABLE for entry in entries if entry.keys]
    assert len(keys) == len(set(keys))


# Language


def test_the_language_stays_with_the_browser_and_the_account() -> None:
    user = make_user()
    client = signed_in(user)
    answer = client.post("/language/", {"language": "en", "next": "/notices/"})
    assert (answer.status_code, answer["Location"]) == (302, "/notices/")
    assert client.cookies["django_language"].value == "en"
    user.refresh_from_db()
    assert user.language == "en"
    elsewhere = Client()
    assert attempt(elsewhere, user.username, PASSWORD).cookies["django_language"].value == "en"


def test_chinese_is_the_first_language() -> None:
    assert 'lang="zh-Hans"' in Client().get(LOGIN).content.decode()
    assert 'lang="en"' in Client(headers={"accept-language": "en"}).get(LOGIN).content.decode()


def test_a_visitor_may_choose_the_language_of_the_login(client: Client) -> None:
    client.post("/language/", {"language": "en", "next": LOGIN})
    assert 'lang="en"' in client.get(LOGIN).content.decode()


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_the_switch_leads_nowhere_else(client: Client, target: str) -> None:
    assert client.post("/language/", {"language": "en", "next": target})["Location"] == "/"


def test_an_unknown_language_changes_nothing() -> None:
    user = make_user()
    answer = signed_in(user).post("/language/", {"language": "xx"})
    user.refresh_from_db()
    assert (user.language, "django_language" in answer.cookies) == ("", False)


@pytest.mark.parametrize("path", ["/language/", "/project/", "/notices/read/", "/notices/1/open/"])
def test_no_state_changes_on_get(path: str) -> None:
    assert signed_in(make_user()).get(path).status_code == 405


# Project and its clock


def project_of(client: Client, user: User) -> Project | None:
    request = RequestFactory().get("/")
    request.user, request.session = user, client.session
    return current_project(request)


def test_the_project_switches_among_ones_own_only() -> None:
    alpha, beta, foreign = make_project("Alpha"), make_project("Beta"), make_project("Foreign")
    user = make_user(Role.CONSULTANT, alpha)
    add_role(user, Role.CONSULTANT, beta)
    client = signed_in(user)
    assert project_of(client, user) == alpha
    client.post("/project/", {"project": beta.pk})
    assert project_of(client, user) == beta
    for wrong in (foreign.pk, 10**12, "x", ""):
        client.post("/project/", {"project": wrong})
        assert project_of(client, user) == beta


def test_a_project_that_closed_or_was_taken_away_is_left() -> None:
    alpha, beta = make_project("Alpha"), make_project("Beta")
    user = make_user(Role.CONSULTANT, alpha)
    add_role(user, Role.CONSULTANT, beta)
    client = signed_in(user)
    client.post("/project/", {"project": beta.pk})
    Project.objects.filter(pk=beta.pk).update(active=False)
    assert project_of(client, User.objects.get(pk=user.pk)) == alpha


def test_a_role_everywhere_reaches_every_active_project() -> None:
    make_project("Alpha"), make_project("Closed", active=False)
    beta = make_project("Beta")
    user = make_user(Role.SALES_DIRECTOR, None)
    client = signed_in(user)
    client.post("/project/", {"project": beta.pk})
    assert project_of(client, user) == beta
    page = client.get("/notices/").content.decode()
    assert "Alpha" in page
    assert "Closed" not in page


def test_times_are_those_of_the_project() -> None:
    user = make_user(Role.CONSULTANT, make_project(time_zone="America/New_York"))
    request = RequestFactory().get("/")
    request.user, request.session = user, Client().session
    seen: list[str] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(timezone.localtime(dt.datetime(2026, 3, 2, 2, 0, tzinfo=dt.UTC)).isoformat())
        return HttpResponse()

    ProjectZoneMiddleware(view)(request)
    assert seen == ["2026-03-01T21:00:00-05:00"]
    assert timezone.get_current_timezone_name() == "Asia/Shanghai"


# Errors and policy


@pytest.mark.parametrize("code", ["400", "403", "403_csrf", "404", "409", "429", "500", "503", "507"])
def test_error_pages_need_neither_user_nor_request(code: str) -> None:
    text = render_to_string(f"{code}.html")
    assert "To the first page" in text
    assert code.partition("_")[0] in text


def test_a_missing_page_and_a_stale_form_say_so() -> None:
    assert (
        "There is nothing here"
        in Client(headers={"accept-language": "en"}).get("/accounts/x/").content.decode()
    )
    strict = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    answer = strict.post("/language/", {"language": "en"})
    assert answer.status_code == 403
    assert "The page was out of date" in answer.content.decode()


def test_the_policy_allows_no_inline_code() -> None:
    policy = Client().get(LOGIN)["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_hostile_names_are_text() -> None:
    user = make_user(
        Role.CONSULTANT, make_project("<script>alert(1)</script>"), name="<img src=x onerror=alert(2)>"
    )
    page = signed_in(user).get("/notices/").content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page


# Clauses


def test_a_clause_is_a_page_or_a_fragment() -> None:
    client = signed_in(make_user())
    page = client.get("/clauses/SC-2.2/")
    part = client.get("/clauses/SC-2.2/", headers={"hx-request": "true"})
    boosted = client.get("/clauses/SC-2.2/", headers={"hx-request": "true", "hx-boosted": "true"})
    assert "<html" in page.content.decode()
    assert "<html" not in part.content.decode()
    assert "SC-2.2" in part.content.decode()
    assert "<html" in boosted.content.decode()
    assert "HX-Request" in page["Vary"]
    assert client.get("/clauses/XX-1/").status_code == 404


def test_the_kept_parts_of_the_frame_hold_nothing_of_a_person() -> None:
    project = make_project()
    one, two = (make_user(Role.CONSULTANT, project, name) for name in ("林晓岚", "梅清如"))
    manager = make_user(Role.SALES_MANAGER, project, "吴峰远")

    def parts(user: User, path: str) -> tuple[str, str]:
        page = signed_in(user).get(path).content.decode()
        sidebar = page[page.index('<nav class="sidebar"') : page.index("</nav>")]
        return sidebar, page[page.index('<dialog id="confirm"') :]

    assert parts(one, "/today/") == parts(two, "/today/")
    assert parts(one, "/today/") != parts(one, "/leads/"), "another entry is the current one"
    assert parts(manager, "/today/") != parts(one, "/today/"), "a manager has more entries"
    for user in (one, two, manager):
        assert not any(name in part for part in parts(user, "/today/") for name in ("林", "梅", "吴"))


@pytest.mark.parametrize("name", ["leads:task", "leads:tap", "leads:lead", "leads:lead_grade"])
def test_the_address_of_a_row_is_the_resolved_one(name: str) -> None:
    assert [link(pk, name) for pk in (0, 7, 10_203)] == [reverse(name, args=[pk]) for pk in (0, 7, 10_203)]
