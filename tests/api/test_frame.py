"""The frame: errors as problems, strict parameters and fields, pages by cursor, an Idempotency-Key."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm import clock
from crm.api_auth import CallerThrottle
from crm.models import Contact, KeptAnswer
from leads.models import InboundCall, Lead, Visit
from tests.api.hands import PROBLEM, Answer, Caller
from tests.leads.stage import Stage, set_stage

NOW = dt.datetime(2026, 3, 2, 6, 0, tzinfo=dt.UTC)
CALL = {"phone": "13800138001", "name": "王芳", "talked": False}


@pytest.fixture
def stage(db: None, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return set_stage()


def problem(answer: Answer, status: int, code: str = "") -> Any:
    assert answer.status == status, answer.body
    assert answer.type == PROBLEM
    assert answer.body["status"] == status
    assert {"type", "title", "status", "code", "detail"} <= set(answer.body)
    assert not code or answer.body["code"] == code
    return answer.body


def fields(answer: Answer) -> set[str]:
    return {error["field"] for error in problem(answer, 400, "invalid")["errors"]}


def test_errors_are_problems_whoever_raises_them(stage: Stage) -> None:
    lin, calls = Caller(stage.lin), f"projects/{stage.project.pk}/calls/"
    assert problem(Caller().get("me/"), 401, "not_authenticated")
    assert Caller().get("me/").headers["WWW-Authenticate"].startswith("Bearer")
    problem(lin.get("users/"), 403, "forbidden")
    problem(lin.get("leads/2000000000/"), 404, "not_found")
    problem(lin.get("nowhere/"), 404, "not_found")
    problem(lin.ask("DELETE", "me/"), 405, "method_not_allowed")
    problem(lin.ask("OPTIONS", "me/"), 405)
    problem(lin.get("me/", accept="text/html"), 406, "not_acceptable")
    problem(lin.post(calls, "a=1", content_type="application/x-www-form-urlencoded"), 415)
    problem(lin.post(calls, "{"), 400, "parse_error")
    rule = problem(lin.post(calls, {"name": "王芳", "talked": False, "phone": "1380013800"}), 409)
    assert rule["field"] == "phone"
    assert rule["clause"] == "PX-3"


def test_a_bug_is_a_problem_too_and_tells_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any, **_values: Any) -> None:
        raise KeyError("secret")

    monkeypatch.setattr("crm.api_account.holdings", broken)
    answer = Caller(stage.lin).get("me/")
    assert "secret" not in json.dumps(problem(answer, 500, "server_error"))


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe",
        "[]",
        "null",
        '"x"',
        "[" * 100_000,
        '{"talked": ' + "[" * 5000 + "]" * 5000 + "}",
        '{"phone": "1", "name": "\\ud800", "talked": true}',
        '{"phone": "1", "name": "x", "talked": "maybe"}',
        '{"phone": "1", "name": "x", "talked": true, "heard_via": ' + "9" * 400 + "}",
        '{"phone": "1", "name": "x", "talked": true, "heard_via": ' + "9" * 5000 + "}",
        '{"phone": "1", "name": "x", "talked": true, "heard_via": -1}',
        '{"phone": "1", "name": "x", "talked": true, "salutation": "lord"}',
        '{"phone": {"a": 1}, "name": ["x"], "talked": true}',
        '{"phone": "1", "name": "x", "talked": true, "happened_at": "2026-03-02T10:00:00"}',
        '{"phone": "1", "name": "x", "talked": true, "happened_at": "9999-12-31T23:59:59-23:59"}',
        '{"phone": "1", "name": "x", "talked": true, "happened_at": NaN}',
        '{"name": "' + "x" * 5000 + '", "talked": true}',
    ],
)
def test_whatever_is_sent_is_refused_by_name_and_never_breaks(stage: Stage, body: Any) -> None:
    problem(Caller(stage.lin).post(f"projects/{stage.project.pk}/calls/", body), 400)
    assert not InboundCall.objects.exists()


@pytest.mark.parametrize("name", ["talked", "salutation", "heard_via", "nonsense"])
def test_no_depth_slips_between_the_readers(stage: Stage, name: str) -> None:
    """Each reader of a body has its own limit: what the first one takes must not be too deep for the next."""
    lin, path = Caller(stage.lin), f"projects/{stage.project.pk}/calls/"
    for depth in (*range(14, 18), 100, *range(930, 1000, 3)):
        body = f'{{"phone": "1", "name": "x", "{name}": ' + "[" * depth + "]" * depth + "}"
        problem(lin.post(path, body, idempotency_key="deep"), 400)


@pytest.mark.parametrize(
    "body", ['{"\\ud800": 1}', '{"name": "\\udfff", "phone": "1", "talked": true}', '["\\ud83d"]']
)
def test_half_a_character_is_no_text_anywhere(stage: Stage, body: str) -> None:
    """It can neither be stored nor sent back, and an error names what was sent."""
    problem(Caller(stage.lin).post(f"projects/{stage.project.pk}/calls/", body), 400, "parse_error")
    whole = {**CALL, "name": "\U0001f600王芳"}
    assert Caller(stage.lin).post(f"projects/{stage.project.pk}/calls/", whole).status == 201


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "leads/2000000000/", None), ("GET", "gateways/", None), ("POST", "projects/{project}/calls/", {}),
        ("POST", "projects/{project}/calls/", {"nonsense": 1}), ("POST", "projects/{project}/calls/", "{"),
        ("GET", "projects/{project}/leads/?after=damaged", None), ("GET", "projects/{project}/leads/?grade=Z", None),
        ("POST", "projects/{project}/assignments/", {}), ("GET", "projects/{project}/leads/?nonsense=1", None),
        ("POST", "projects/{project}/calls/", {"phone": "1", "name": "x", "talked": 7, "salutation": "lord"}), ("DELETE", "me/", None),
    ],
)  # fmt: skip
def test_every_error_is_in_the_callers_language(stage: Stage, method: str, path: str, body: Any) -> None:
    caller, address = Caller(stage.wu), path.format(project=stage.project.pk)
    told = {
        language: caller.ask(method, address, body, accept_language=language).body
        for language in ("zh-hans", "en")
    }
    texts = {
        language: [found["detail"], *(error["message"] for error in found.get("errors", ()))]
        for language, found in told.items()
    }
    assert all(any("\u4e00" <= sign <= "\u9fff" for sign in text) for text in texts["zh-hans"]), texts
    assert not any("\u4e00" <= sign <= "\u9fff" for text in texts["en"] for sign in text), texts


def test_an_error_in_a_list_names_its_place(stage: Stage) -> None:
    far = set_stage("远山")
    body = {"rests": [{"weekday": 0}, {"weekday": 3, "stand_in": far.mei.pk}]}
    path = f"projects/{stage.project.pk}/shifts/{stage.lin.pk}/week/"
    assert fields(Caller(stage.wu).ask("PUT", path, body)) == {"rests.1.stand_in"}
    body["rests"][1] = {"weekday": 9}
    assert fields(Caller(stage.wu).ask("PUT", path, body)) == {"rests.1.weekday"}


def test_a_body_too_large_is_refused_unread(stage: Stage) -> None:
    body = json.dumps({**CALL, "note": "x" * 1_100_000})
    problem(Caller(stage.lin).post(f"projects/{stage.project.pk}/calls/", body), 413, "too_large")


@pytest.mark.parametrize(
    "name", ["id", "lead", "recorded_by", "recorded_at", "imported", "submission", "project", "by"]
)
def test_fields_of_the_server_are_refused_by_name(stage: Stage, name: str) -> None:
    answer = Caller(stage.lin).post(f"projects/{stage.project.pk}/calls/", {**CALL, name: 1})
    assert fields(answer) == {name}
    assert not InboundCall.objects.exists()


@pytest.mark.parametrize(
    "query",
    ["nonsense=1", "order=pk", "order=-customer__phones", "ordering=id", "grade=Z", "consultant=x", "source=99999",
     "size=0", "size=201", "size=x", "after=damaged", "before=WyJ4Il0", "format=xml", "project=1",
     "customer__phones__e164__startswith=+86"],
)  # fmt: skip
def test_unknown_parameters_orders_filters_and_cursors_are_refused(stage: Stage, query: str) -> None:
    problem(Caller(stage.wu).get(f"projects/{stage.project.pk}/leads/?{query}"), 400, "invalid")


def test_cursors_that_nobody_gave_never_break(stage: Stage) -> None:
    import base64

    for values in [
        "[" * 2000 + "]" * 2000,
        "[1e400]",
        '["\\u0000"]',
        "[[1]]",
        "[null]",
        "{}",
        "[true]",
        '[""]',
        "[9e99, 1, 1]",
    ]:
        cursor = base64.urlsafe_b64encode(values.encode()).decode()
        for path in ("notices/", f"projects/{stage.project.pk}/leads/"):
            assert Caller(stage.wu).get(f"{path}?after={cursor}").status in (200, 400), values


def visitors(stage: Stage, count: int, first: int = 0) -> None:
    for n in range(first, first + count):
        stage.visitor(f"王{n}", f"1380013{n:04}", at=NOW - dt.timedelta(hours=3))


def test_pages_are_stable_while_rows_come_in(stage: Stage) -> None:
    visitors(stage, 7)
    wu, path = Caller(stage.wu), f"projects/{stage.project.pk}/leads/?size=3"
    first = wu.get(path).body
    visitors(stage, 2, 7)
    seen = [row["id"] for row in first["results"]]
    following = first["next"]
    while following:
        page = wu.get(following.partition("/api/v1/")[2]).body
        seen += [row["id"] for row in page["results"]]
        following = page["next"]
    assert len(seen) == len(set(seen)) == 7
    back = wu.get(page["previous"].partition("/api/v1/")[2]).body
    assert {row["id"] for row in back["results"]} < set(seen)


def test_a_list_costs_the_same_queries_for_two_rows_and_for_twenty(stage: Stage) -> None:
    costs: dict[str, list[int]] = {}
    lead = stage.visitor("李雷", "13900139000", at=NOW - dt.timedelta(hours=4)).lead
    paths = (
        f"projects/{stage.project.pk}/leads/",
        f"leads/{lead.pk}/story/",
        f"leads/{lead.pk}/contacts/",
        "today/",
    )
    for count, begin in ((2, 0), (18, 2)):
        visitors(stage, count, begin)
        for number in range(count):
            moment = NOW - dt.timedelta(hours=2, seconds=begin + number)
            Caller(stage.lin).post(
                f"leads/{lead.pk}/contacts/",
                {"outcome": "talked", "news": "x", "happened_at": moment.isoformat()},
            )
        for path in paths:
            caller = Caller(stage.lin)
            caller.get(path)
            with CaptureQueriesContext(
                connection,
            ) as queries:
                answer = caller.get(path)
            assert answer.status == 200
            costs.setdefault(path, []).append(len(queries))
    assert all(two == twenty for two, twenty in costs.values()), costs


def test_one_key_one_record_one_answer(stage: Stage) -> None:
    lin, path = Caller(stage.lin), f"projects/{stage.project.pk}/calls/"
    first = lin.post(path, CALL, idempotency_key="a1")
    again = lin.post(path, CALL, idempotency_key="a1")
    assert (first.status, first.body) == (again.status, again.body)
    assert first.status == 201
    assert InboundCall.objects.count() == 1
    problem(lin.post(path, {**CALL, "note": "x"}, idempotency_key="a1"), 409, "idempotency_key_reused")
    problem(lin.post(f"projects/{stage.project.pk}/visits/", {}, idempotency_key="a1"), 409)
    assert lin.post(path, CALL, idempotency_key="a2").status == 201
    assert Caller(stage.mei).post(path, CALL, idempotency_key="a1").status == 201, (
        "another's key is another key"
    )
    assert InboundCall.objects.count() == 3


def test_a_refused_request_leaves_its_key_free(stage: Stage) -> None:
    lin, path = Caller(stage.lin), f"projects/{stage.project.pk}/calls/"
    problem(lin.post(path, {**CALL, "phone": "1380013800"}, idempotency_key="b"), 409)
    problem(lin.post(path, {}, idempotency_key="b"), 400)
    assert not KeptAnswer.objects.exists()
    assert lin.post(path, CALL, idempotency_key="b").status == 201


def test_keys_are_forgotten_after_a_day(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    lin, path = Caller(stage.lin), f"projects/{stage.project.pk}/calls/"
    lin.post(path, CALL, idempotency_key="c")
    monkeypatch.setattr(clock, "now", lambda: NOW + dt.timedelta(hours=25))
    Caller(stage.lin).post(path, {**CALL, "note": "later"}, idempotency_key="c")
    assert [row.at for row in KeptAnswer.objects.all()] == [NOW + dt.timedelta(hours=25)]


@pytest.mark.parametrize("key", ["x" * 65, "a b", "ä"])
def test_a_key_is_short_and_visible(stage: Stage, key: str) -> None:
    problem(Caller(stage.lin).post(f"projects/{stage.project.pk}/calls/", CALL, idempotency_key=key), 400)


@pytest.fixture
def slow_rates(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(CallerThrottle, "THROTTLE_RATES", {"user": "3/min", "anonymous": "2/min"})
    yield
    cache.clear()


def test_everybody_has_an_allowance_of_their_own(stage: Stage, slow_rates: None) -> None:
    lin, mei, nobody = Caller(stage.lin), Caller(stage.mei), Caller()
    assert [lin.get("me/").status for _n in range(3)] == [200] * 3
    answer = lin.get("me/")
    problem(answer, 429, "throttled")
    assert int(answer.headers["Retry-After"]) > 0
    assert mei.get("me/").status == 200
    assert [nobody.get("me/").status for _n in range(3)] == [401, 401, 429]


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_with_one_key_make_one_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    stage = set_stage()
    lead = stage.visitor("王芳", "13800138009", at=NOW - dt.timedelta(hours=3)).lead
    answers: list[tuple[str, Answer]] = []
    requests: dict[str, dict[str, Any]] = {
        f"projects/{stage.project.pk}/calls/": CALL,
        f"projects/{stage.project.pk}/visits/": {"phone": "13800138002", "name": "李雷"},
        f"leads/{lead.pk}/contacts/": {"outcome": "talked"},
    }

    def send(caller: Caller, path: str) -> None:
        answers.append((path, caller.post(path, requests[path], idempotency_key=path)))
        connection.close()

    for path in requests:
        callers = [Caller(stage.lin) for _n in range(8)]
        threads = [threading.Thread(target=send, args=(caller, path)) for caller in callers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for path in requests:
        bodies = [answer.body for told, answer in answers if told == path]
        assert [answer.status for told, answer in answers if told == path] == [201] * 8
        assert all(body == bodies[0] for body in bodies)
    assert InboundCall.objects.count() == 1
    assert Visit.objects.count() == 2
    assert Contact.objects.filter(outcome="talked", direction="out").count() == 1
    assert Lead.objects.count() == 3
