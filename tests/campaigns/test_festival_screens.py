"""The screens of the festivals, role by role, in both languages."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from campaigns.actions import festivals
from campaigns.models import FestivalDay, GreetingText
from crm.models import Project
from crm.roles import Role
from tests.crm.screens import signed_in
from tests.factories import AT, make_project, make_user

pytestmark = pytest.mark.django_db
TABLE = "/campaigns/festivals/?year=2026"


@pytest.fixture
def project() -> Project:
    festivals.fill(years=[2026], at=AT)
    return make_project("云栖里")


@pytest.fixture
def marketing(project: Project) -> Client:
    return signed_in(make_user(Role.MARKETING, project, "马"))


@pytest.fixture
def wu(project: Project) -> Client:
    return signed_in(make_user(Role.SALES_MANAGER, project, "吴峰"))


@pytest.fixture
def zhao(project: Project) -> Client:
    return signed_in(make_user(Role.SALES_DIRECTOR, None, "赵"))


def test_the_table_says_when_who_and_what_in_chinese(marketing: Client) -> None:
    page = marketing.get(TABLE, headers={"accept-language": "zh-hans"}).content.decode()
    assert "中秋节" in page
    assert "月圆人团圆" in page
    assert "不问候" in page or "从不问候" in page
    assert "Festival" not in page.split("<main")[1].split("</main")[0]


def test_a_year_without_rows_says_what_to_do(marketing: Client, zhao: Client) -> None:
    empty = marketing.get("/campaigns/festivals/?year=2031").content.decode()
    assert "No festivals of this year yet" in empty
    assert "Compute the days" not in empty
    assert "Compute the days" in zhao.get("/campaigns/festivals/?year=2031").content.decode()
    assert zhao.post("/campaigns/festivals/fill/", {"year": "2031"}).status_code == 302
    assert FestivalDay.objects.filter(day__year=2031).exists()
    for year in ("x", "99999", "-1", "0"):
        assert marketing.get(f"/campaigns/festivals/?year={year}").status_code == 404


def test_a_year_is_reviewed_and_a_day_corrected(zhao: Client) -> None:
    zhao.post("/campaigns/festivals/review/", {"year": "2026"})
    assert not FestivalDay.objects.filter(reviewed_at=None).exists()
    row = FestivalDay.objects.get(code="qixi")
    url = reverse("campaigns:festival", args=[row.pk])
    wrong = zhao.post(url, {"day": "2026-02-31", "on": "on"})
    assert (wrong.status_code, 'value="2026-02-31"' in wrong.content.decode()) == (422, True)
    far = zhao.post(url, {"day": "2026-12-31", "on": "on"})
    assert "At most a month away" in far.content.decode()
    assert zhao.post(url, {"day": "2026-08-19", "on": "on"}).status_code == 302
    row.refresh_from_db()
    assert (row.on, row.reviewed_at) == (True, None)


def test_marketing_writes_and_the_manager_approves(marketing: Client, wu: Client) -> None:
    url = reverse("campaigns:greeting", args=["mid_autumn"])
    wrong = marketing.post(url, {"body": "【云栖】中秋快乐"})
    assert wrong.status_code == 422
    assert "【云栖】中秋快乐" in wrong.content.decode()
    assert marketing.post(url, {"body": "月满<b>人圆</b>"}).status_code == 302
    shown = wu.get(url).content.decode()
    assert "月满&lt;b&gt;人圆&lt;/b&gt;" in shown
    assert "<textarea" not in shown
    text = GreetingText.objects.get()
    approve = reverse("campaigns:greeting_approve", args=[text.pk])
    assert approve not in marketing.get(url).content.decode()
    assert approve in shown
    assert marketing.post(approve).status_code == 403
    assert wu.post(approve).status_code == 302
    text.refresh_from_db()
    assert text.state == "approved"


def test_another_projects_text_is_not_there(marketing: Client) -> None:
    far = make_project("远山")
    text = festivals.propose_text(
        project=far, code="qixi", body="好", by=make_user(Role.MARKETING, far), at=AT
    )
    wu = signed_in(make_user(Role.SALES_MANAGER, Project.objects.get(name="云栖里")))
    assert wu.post(reverse("campaigns:greeting_approve", args=[text.pk])).status_code == 404


def test_the_table_takes_the_same_queries_for_one_row_and_many(
    marketing: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    marketing.get(TABLE)
    with django_assert_max_num_queries(12):
        marketing.get(TABLE)


def test_a_text_that_is_sent_back_keeps_its_words_and_is_not_approved(marketing: Client, wu: Client) -> None:
    url = "/campaigns/greetings/mid_autumn/"
    assert marketing.post(url, {"body": "月圆人团圆，祝您安康。"}).status_code == 302
    waits = GreetingText.objects.get()
    back = reverse("campaigns:greeting_send_back", args=[waits.pk])
    assert back in wu.get(url).content.decode()
    assert marketing.post(back, {"reason": "试"}).status_code == 403
    assert wu.post(back, {"reason": ""}).status_code == 422
    assert wu.post(back, {"reason": "写得更亲切"}).status_code == 302
    wu.post(reverse("campaigns:greeting_approve", args=[waits.pk]))
    waits.refresh_from_db()
    assert (waits.state, waits.reason) == ("proposed", "写得更亲切")
    page = marketing.get(url).content.decode()
    assert "写得更亲切" in page
    assert "月圆人团圆，祝您安康。</textarea>" in page, "the words are there to be changed"
    assert waits.body not in wu.get("/campaigns/").content.decode(), "nothing waits for the manager"
    assert marketing.post(url, {"body": "月圆人团圆，祝您阖家安康。"}).status_code == 302
    assert back.replace(str(waits.pk), str(GreetingText.objects.get().pk)) in wu.get(url).content.decode()


def test_everybody_who_signed_a_day_of_the_year_is_named(marketing: Client) -> None:
    zhao, admin = (
        make_user(Role.SALES_DIRECTOR, None, "赵海"),
        make_user(Role.SYSTEM_ADMINISTRATOR, None, "管理"),
    )
    festivals.review(year=2026, by=zhao, at=AT)
    row = FestivalDay.objects.get(code="qixi", day__year=2026)
    festivals.correct(festival_id=row.pk, day=row.day, on=True, by=zhao, at=AT)
    festivals.review(year=2026, by=admin, at=AT)
    page = marketing.get(TABLE).content.decode()
    for name in ("赵海", "管理"):
        assert name in page.split("note-good")[1].split("</p>")[0]
