"""The HTTP line against a small agent, its signed callbacks, and where a line may connect to."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from crm import clock, outbox
from crm.gateways import guard, signing
from crm.gateways.secrets import seal, secret_of
from crm.models import CallbackNonce, Gateway, InboundMessage, Message, OptOut, Project, Receipt
from crm.outbox import draining
from tests.crm.test_outbox_sending import launched, states
from tests.factories import AT, make_customer, make_project, make_user

pytestmark = pytest.mark.django_db
SECRET = "an-agents-secret"


@contextmanager
def agent(
    answer: Callable[[str, dict[str, Any]], tuple[int, Any] | None],
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An agent that answers with (status, JSON), or cuts the line for None. Yields its address and what it was told."""
    told: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            given = [self.headers[name] for name in (signing.TIMESTAMP, signing.NONCE, signing.SIGNATURE)]
            now = int(clock.now().timestamp())
            assert signing.genuine(SECRET, *given, path=self.path, body=body, now=now)
            said = json.loads(body)
            told.append({"path": self.path, **said})
            result = answer(self.path, said)
            if result is None:
                self.connection.close()
                return
            raw = json.dumps(result[1]).encode()
            self.send_response(result[0])
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_args: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/sms", told
    finally:
        server.shutdown()
        server.server_close()


def http_gateway(project: Project, url: str = "https://agent.example/sms", **values: Any) -> Gateway:
    return Gateway.objects.create(
        **{"project": project, "name": "agent", "kind": "http", "is_default": True, "rate": 1000, "layout": "first",
           "settings": {"url": url, "key": "crm"}, "secret": seal(SECRET), **values}
    )  # fmt: skip


def drain(gateway: Gateway, at: dt.datetime = AT) -> draining.Drained:
    return draining.drain(gateway_id=gateway.pk, seconds=2.0, clock=lambda: at)


def accept(path: str, said: dict[str, Any]) -> tuple[int, Any]:
    return 200, {
        "results": [{"id": m["id"], "status": "accepted", "refs": [f"A{m['id']}"]} for m in said["messages"]]
    }


def test_a_batch_goes_signed_in_the_agents_layout() -> None:
    project, customer = make_project(), make_customer()
    with agent(accept) as (url, told):
        gateway = http_gateway(project, url)
        run = launched(project, [customer])
        assert drain(gateway).sent == 1
    assert states(run) == {customer.pk: "accepted"}
    (message,) = told[0]["messages"]
    assert message["text"] == (
        f"【{project.signature}】尊敬的贵宾，样板间本周六开放，欢迎您来看看。预约电话:0571-88880000拒收请回复R"
    )
    assert "林晓" not in message["text"]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (lambda _p, _s: None, "unknown"),
        (lambda _p, _s: (500, {}), "unknown"),
        (lambda _p, _s: (200, {"results": []}), "unknown"),
        (lambda _p, _s: (200, ["nonsense"]), "unknown"),
        (lambda _p, _s: (429, {}), "queued"),
        (lambda _p, _s: (401, {}), "queued"),
        (lambda _p, s: (200, {"results": [{"id": s["messages"][0]["id"], "status": "refused", "class": "strange"}]}),
         "refused"),
    ],
)  # fmt: skip
def test_what_an_answer_means(answer: Any, state: str) -> None:
    project, customer = make_project(), make_customer()
    with agent(answer) as (url, told):
        gateway = http_gateway(project, url)
        run = launched(project, [customer])
        drain(gateway)
    assert states(run) == {customer.pk: state}
    if state != "queued":
        assert len(told) == 1


@pytest.mark.parametrize(
    ("said", "state", "posts"), [("accepted", "accepted", 1), ("absent", "accepted", 2), ("", "unknown", 1)]
)
def test_an_unknown_outcome_is_asked_about(said: str, state: str, posts: int) -> None:
    project, customer = make_project(), make_customer()
    sent = 0

    def answer(path: str, body: dict[str, Any]) -> tuple[int, Any] | None:
        nonlocal sent
        if path.endswith("/query"):
            row = {"id": body["ids"][0], "status": said, "refs": ["Q1"]}
            return 200, {"results": [row] if said else []}
        sent += 1
        return None if sent == 1 else accept(path, body)

    with agent(answer) as (url, _told):
        gateway = http_gateway(project, url)
        run = launched(project, [customer])
        drain(gateway)
        assert states(run) == {customer.pk: "unknown"}
        drain(gateway, AT + dt.timedelta(minutes=1))
    assert (states(run), sent) == ({customer.pk: state}, posts)


def test_nobody_listening_means_that_nothing_was_sent() -> None:
    project, customer = make_project(), make_customer()
    gateway = http_gateway(project, "http://127.0.0.1:9/sms")
    run = launched(project, [customer])
    drain(gateway)
    assert states(run) == {customer.pk: "queued"}


def test_a_refused_message_is_sent_again_on_purpose_over_another_line() -> None:
    project, customer = make_project(), make_customer()

    def refuse(path: str, said: dict[str, Any]) -> tuple[int, Any]:
        return 200, {"results": [{"id": said["messages"][0]["id"], "status": "refused", "class": "other"}]}

    with agent(refuse) as (url, _told):
        gateway = http_gateway(project, url)
        run = launched(project, [customer])
        drain(gateway)
    other = Gateway.objects.create(project=project, name="second", kind="console")
    assert outbox.resend_refused(run_id=run.pk, by=make_user(), at=AT, gateway=other) == 1
    drain(other)
    assert states(run) == {customer.pk: "accepted"}
    assert list(Message.objects.get(run=run).tries.order_by("n").values_list("n", "gateway__name")) == [
        (1, "agent"),
        (2, "second"),
    ]


def post(gateway: Gateway, said: Any, *, at: dt.datetime | None = None, **change: Any) -> Any:
    path = f"/gateway/{gateway.callback_key}/callback/"
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    given = signing.headers(
        change.pop("secret", SECRET), "agent", int((at or clock.now()).timestamp()), path, body
    )
    return Client().post(path, body, content_type="application/json", headers={**given, **change}), given


def test_a_signed_callback_is_taken_once() -> None:
    project, customer = make_project(), make_customer()
    with agent(accept) as (url, _told):
        gateway = http_gateway(project, url)
        run = launched(project, [customer])
        drain(gateway)
    number = customer.phones.get().e164
    ref = f"A{Message.objects.get(run=run).pk}.1"
    said = {
        "receipts": [{"ref": ref, "status": "delivered"}] * 2,
        "inbound": [{"ref": "M1", "from": number, "text": "td"}],
    }
    answer, given = post(gateway, said)
    assert (answer.status_code, answer.json()) == (200, {"receipts": 1, "inbound": 1})
    assert states(run) == {customer.pk: "delivered"}
    assert OptOut.objects.filter(customer=customer).count() == 2
    again = Client().post(
        f"/gateway/{gateway.callback_key}/callback/",
        json.dumps(said),
        content_type="application/json",
        headers=given,
    )
    assert again.status_code == 403
    assert post(gateway, said)[0].json() == {"receipts": 0, "inbound": 0}
    gateway.refresh_from_db()
    assert gateway.unsigned == 1


@pytest.mark.parametrize(
    "change",
    [
        {"X-CRM-Signature": "0" * 64}, {"X-CRM-Signature": "é"}, {"X-CRM-Nonce": "another-nonce"}, {"secret": "wrong"},
        {"X-CRM-Timestamp": "1"}, {"X-CRM-Timestamp": "²"}, {"X-CRM-Timestamp": ""},
    ],
)  # fmt: skip
def test_an_unsigned_callback_leaves_no_trace_but_a_count(change: dict[str, Any]) -> None:
    gateway = http_gateway(make_project())
    answer, _given = post(gateway, {"inbound": [{"from": "+8613800000000", "text": "退订"}]}, **change)
    assert answer.status_code == 403
    assert (InboundMessage.objects.count(), Receipt.objects.count(), CallbackNonce.objects.count()) == (
        0,
        0,
        0,
    )
    gateway.refresh_from_db()
    assert gateway.unsigned == 1


def test_an_old_callback_is_refused() -> None:
    gateway = http_gateway(make_project())
    assert post(gateway, {}, at=clock.now() - dt.timedelta(minutes=6))[0].status_code == 403
    assert post(gateway, {}, at=clock.now() - dt.timedelta(minutes=4))[0].status_code == 200
    assert post(gateway, b"[1]")[0].status_code == 400


def test_a_secret_is_stored_sealed_or_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = http_gateway(make_project())
    assert SECRET not in gateway.secret
    assert secret_of(gateway) == SECRET
    gateway.secret = seal("env:AGENT")
    assert secret_of(gateway) == ""
    monkeypatch.setenv("CRM_GATEWAY_AGENT", "from outside")
    assert secret_of(gateway) == ""  # nobody has said that this host may get it
    monkeypatch.setenv("CRM_GATEWAY_AGENT_HOSTS", "sms.agent.test, Agent.example")
    assert secret_of(gateway) == "from outside"


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ENV", replace(settings.ENV, mode="production"))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.5", "172.16.3.4", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
        "::1", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "255.255.255.255",
    ],
)  # fmt: skip
def test_in_production_no_line_leads_into_the_house(production: None, address: str) -> None:
    assert not guard.allowed(address)
    with pytest.raises(guard.Forbidden):
        guard.resolve(address, 443)


@pytest.mark.parametrize(
    "url",
    ["http://agent.example/", "ftp://agent.example/", "https://user:pw@agent.example/", "https:///x", "file:///etc/passwd",
     "https://agent.example:99999/"],
)  # fmt: skip
def test_in_production_only_https_without_login(production: None, url: str) -> None:
    with pytest.raises(guard.Forbidden):
        guard.split_url(url)


def test_in_production_a_public_https_address_may_be_used(production: None) -> None:
    assert guard.split_url("https://agent.example/sms?x=1") == ("https", "agent.example", 443, "/sms")
    assert guard.allowed("93.184.216.34")
