"""PX-11: what the letters mean is the project's to say, and stands wherever a grade is given or read."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm import clock
from crm.models import AuditEvent, User
from leads.facts_import import open_file
from leads.models import CallTask, GradeMeaning
from tests import factories
from tests.leads.stage import Stage, set_stage

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 2, 6, 0, tzinfo=dt.UTC)
SAID = {
    "label_A": "意向强烈",
    "criteria_A": "一周内可定",
    "words_A": "S级、 Ａ+",
    "label_B": "",
    "criteria_B": "",
    "words_B": "A, 重点跟进",
    "label_C": "观望",
    "criteria_C": "",
    "words_C": "",
}


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return set_stage()


def say(user: User, **words: str) -> Any:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client.post(reverse("leads:grades"), {**SAID, **words})


def shown(user: User, name: str, *args: int) -> str:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return str(client.get(reverse(name, args=args)).content.decode())


def test_px_11_a_projects_grades_are_kept_and_emptied(stage: Stage) -> None:
    assert say(stage.wu).status_code == 302
    kept = dict(GradeMeaning.objects.filter(project=stage.project).values_list("grade", "words"))
    assert kept == {"A": ["S级", "A+"], "B": ["A", "重点跟进"], "C": []}
    page = shown(stage.wu, "leads:grades")
    assert "意向强烈" in page
    assert "S级、A+" in page
    assert say(stage.wu, label_C="").status_code == 302
    assert not GradeMeaning.objects.filter(project=stage.project, grade="C").exists()
    assert AuditEvent.objects.filter(verb="grades.defined", project=stage.project).count() == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"words_C": "S级"}, "“S级” means A already."),
        ({"words_C": "已购"}, "“已购” is a stage, not a grade."),
        ({"words_C": "长" * 21}, "At most 40 words of 20 characters each."),
    ],
)
def test_px_11_a_word_means_one_grade_and_no_stage(stage: Stage, words: dict[str, str], said: str) -> None:
    answer = say(stage.wu, **words)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert "意向强烈" in answer.content.decode(), "the input is kept"
    assert not GradeMeaning.objects.exists()


def test_px_11_the_words_stand_where_a_grade_is_given(stage: Stage) -> None:
    lead = stage.visitor("王芳", "13800138000", at=NOW, grade="B").lead
    task = CallTask.objects.open().get(lead=lead, kind="cadence")
    places = (
        ("leads:lead_grade", lead.pk),
        ("leads:task", task.pk),
        ("leads:visit_sheet", lead.visit_rows.get().pk),
    )
    for name, pk in places:
        assert "意向强烈" not in shown(stage.lin, name, pk)
    say(stage.wu)
    for name, pk in places:
        page = shown(stage.lin, name, pk)
        assert "A · 意向强烈" in page
        assert "A: 一周内可定" in page
    assert "A · 意向强烈" in shown(stage.lin, "leads:register_visit")


def test_px_11_another_project_keeps_its_own_words(stage: Stage) -> None:
    say(stage.wu)
    far = set_stage("远山")
    lead = far.visitor("李雷", "13900139000", at=NOW).lead
    assert "意向强烈" not in shown(far.lin, "leads:lead_grade", lead.pk)


def test_px_11_a_register_is_read_by_the_projects_words(stage: Stage) -> None:
    say(stage.wu)
    other = factories.make_project("远山")
    content = (
        "来访日期,姓名,电话,意向\n2026-02-01,王芳,13800138000,A\n2026-02-01,李雷,13900139000,S级\n".encode()
    )
    read: dict[str, str] = {}
    for project in (stage.project, other):
        opened = open_file(
            content, project=project, filename="来访.csv", mapping={}, register="", today=NOW.date()
        )
        words = opened.plan.grade_words
        read[project.name] = f"{words.get('A', 'A')} {words.get('S级', '-')} {words['意向强']}"
    assert read == {"云栖里": "B A A", "远山": "A - A"}
