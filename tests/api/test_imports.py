"""What follows a load through the API: the refused rows as a file, the whole taken back; and the words of grades."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from crm import clock
from crm.roles import Role
from leads.actions import importing_run, undoing
from leads.models import ImportBatch, Lead
from tests.api.hands import Caller, token_of
from tests.factories import make_user
from tests.leads.stage import Stage, set_stage

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 2, 6, 0, tzinfo=dt.UTC)
REGISTER = "日期,手机,姓名\n2026-03-01,13800138111,赵六\n2026-03-01,1,=坏行\n2026-03-01,13800138112,钱七\n"


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return set_stage()


def client_of(stage: Stage, **headers: str) -> Client:
    token = token_of(stage.wu, at=NOW)
    return Client(headers={"authorization": f"Bearer {token}", "accept-language": "en", **headers})


def loaded(stage: Stage) -> ImportBatch:
    """Uploaded, checked, started and run, as a program would."""
    client = client_of(stage)
    file = SimpleUploadedFile("a.csv", REGISTER.encode())
    made = client.post(f"/api/v1/projects/{stage.project.pk}/imports/", {"file": file})
    path = f"/api/v1/imports/{made.json()['id']}/"
    body: dict[str, Any] = {"register": "visits", "sheets": []}
    assert client.put(f"{path}columns/", body, content_type="application/json").json()["state"] == "checked"
    assert client.post(f"{path}start/", {}, content_type="application/json").json()["state"] == "running"
    row = ImportBatch.objects.get(pk=made.json()["id"])
    while importing_run.advance(batch_id=row.pk, at=NOW):
        continue
    row.refresh_from_db()
    assert (row.state, row.accepted, row.refused) == ("done", 2, 1)
    return row


def test_the_refused_rows_come_as_a_file_that_loads_again(stage: Stage) -> None:
    path = f"/api/v1/imports/{loaded(stage).pk}/refused/file/"
    csv = client_of(stage, accept="text/csv").get(f"{path}?format=csv")
    assert csv.headers["Content-Type"].startswith("text/csv")
    assert csv.headers["Content-Disposition"].startswith("attachment")
    text = csv.content.decode("utf-8-sig")
    assert "坏行" in text
    assert "赵六" not in text
    assert not any(line.split(",")[-1].startswith("=") or ",=" in line for line in text.splitlines())
    book = b"".join(client_of(stage).get(path).streaming_content)  # type: ignore[attr-defined]
    again = client_of(stage).post(
        f"/api/v1/projects/{stage.project.pk}/imports/", {"file": SimpleUploadedFile("again.xlsx", book)}
    )
    assert again.status_code == 201, again.content
    assert client_of(stage).get(f"{path}?format=pdf").status_code == 400
    assert (
        Caller(stage.lin).get(f"imports/{ImportBatch.objects.earliest('pk').pk}/refused/file/").status == 404
    )


def test_a_load_is_taken_back_and_what_was_worked_on_stays(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, wu = loaded(stage), Caller(stage.wu)
    monkeypatch.setattr(clock, "now", lambda: NOW + dt.timedelta(hours=1))
    path = f"imports/{row.pk}/undo/"
    before = wu.get(path).body
    assert (before["state"], before["kept"]) == ("done", [])
    assert before["until"] > NOW.isoformat()[:10]
    worked = Lead.objects.get(customer__name="赵六")
    assert wu.post(f"leads/{worked.pk}/grade/", {"grade": "A", "reason": "意向明确"}).status == 200
    assert wu.post(path).body["state"] == "undoing"
    assert wu.post(path).body["state"] == "undoing", "asked twice it goes on"
    while undoing.advance(batch_id=row.pk, at=NOW):
        continue
    after = wu.get(path).body
    assert (after["state"], after["until"], after["percent"]) == ("undone", None, 100)
    assert [kept["lead"] for kept in after["kept"]] == [worked.pk]
    assert list(Lead.objects.values_list("customer__name", flat=True)) == ["赵六"]
    assert wu.post(path).body["code"] == "not_loaded"
    assert Caller(set_stage("远山").wu).post(path).status == 404


def test_after_thirty_days_it_stays(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    row = loaded(stage)
    monkeypatch.setattr(clock, "now", lambda: NOW + dt.timedelta(days=31))
    answer = Caller(stage.wu).post(f"imports/{row.pk}/undo/")
    assert (answer.status, answer.body["code"]) == (409, "too_late")


def test_the_words_of_grades_are_the_managers(stage: Stage) -> None:
    wu, path = Caller(stage.wu), f"projects/{stage.project.pk}/grades/"
    assert [row["label"] for row in wu.get(path).body["results"]] == [""] * 4
    body = {"grades": [{"grade": "A", "label": "热", "criteria": "一月内买", "words": ["热", "1"]}]}
    assert wu.ask("PUT", path, body).body["results"][0]["words"] == ["热", "1"]
    twice = {"grades": [*body["grades"], {"grade": "B", "words": ["热"]}]}
    assert wu.ask("PUT", path, twice).body["code"] == "two_grades"
    assert wu.ask("PUT", path, {"grades": []}).body["results"][0]["label"] == "", "what is left out goes"
    assert Caller(stage.lin).get(path).status == 403
    assert Caller(make_user(Role.SYSTEM_ADMINISTRATOR)).ask("PUT", path, body).status == 403
