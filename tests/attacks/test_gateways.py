"""The addresses an administrator types (SSRF), and the secret that no page gives back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from crm.gateways.secrets import secret_of
from crm.models import Gateway
from crm.roles import Role
from tests.crm.screens import signed_in
from tests.factories import make_project, make_user

pytestmark = pytest.mark.django_db
SECRET = "a-secret-of-the-agent-42"


@pytest.fixture
def root() -> Client:
    return signed_in(make_user(Role.SYSTEM_ADMINISTRATOR))


def line(project: int, **values: Any) -> dict[str, Any]:
    usual = {"name": "Line", "kind": "http", "state": "on", "layout": "house", "rate": 10, "window": 10}
    return {"project": project, **usual, "secret": SECRET, **values}


@pytest.mark.parametrize(
    "values",
    [
        {"url": "http://127.0.0.1:6379/"},
        {"url": "https://169.254.169.254/latest/meta-data/"},
        {"url": "https://localhost/"},
        {"url": "https://[::ffff:10.0.0.1]/"},
        {"url": "https://0x7f000001/"},
        {"url": "file:///etc/passwd"},
        {"url": "gopher://127.0.0.1:6379/_FLUSHALL"},
        {"url": "https://user:pw@93.184.216.34/"},
        {"kind": "smpp", "host": "127.0.0.1", "port": 5432, "secret": "short"},
        {"kind": "smpp", "host": "localhost", "port": 6379, "secret": "short"},
    ],
)
def test_no_page_lets_a_line_lead_into_the_house(
    root: Client, monkeypatch: pytest.MonkeyPatch, values: dict[str, Any]
) -> None:
    monkeypatch.setattr(settings, "ENV", replace(settings.ENV, mode="production"))
    answer = root.post(reverse("crm:gateway_new"), line(make_project().pk, **values))
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) & {"url", "host"}
    assert not Gateway.objects.exists()


def test_the_secret_is_taken_and_never_given_back(root: Client) -> None:
    answer = root.post(reverse("crm:gateway_new"), line(make_project().pk, url="http://127.0.0.1:9/sms"))
    assert answer.status_code == 302, answer.context["form"].errors
    row = Gateway.objects.get()
    assert SECRET not in row.secret
    for name in ("gateway", "gateway_edit"):
        assert SECRET not in root.get(reverse(f"crm:{name}", args=[row.pk])).content.decode()
    refused = root.post(reverse("crm:gateway_edit", args=[row.pk]), line(row.project_id, name=""))
    assert refused.status_code == 422
    assert SECRET not in refused.content.decode()
    root.post(reverse("crm:gateway_check", args=[row.pk]))
    assert SECRET not in root.get(reverse("crm:gateway", args=[row.pk])).content.decode()


AGENT = {"url": "http://127.0.0.1:9/sms", "key": "house", "secret": SECRET}
CARRIER = {
    "kind": "smpp",
    "host": "127.0.0.1",
    "port": 2775,
    "system_id": "house",
    "tls": "on",
    "secret": "short-42",
}


@pytest.mark.parametrize(
    ("stored", "change"),
    [
        (AGENT, {"url": "http://127.0.0.1:10/sms"}),
        (AGENT, {"key": "mine"}),
        (CARRIER, {"host": "127.0.0.2"}),
        (CARRIER, {"port": 2776}),
        (CARRIER, {"system_id": "mine"}),
        (CARRIER, {"tls": ""}),
        (CARRIER, {**AGENT, "kind": "http"}),
    ],
)
def test_a_stored_secret_goes_to_no_other_address(
    root: Client, stored: dict[str, Any], change: dict[str, Any]
) -> None:
    """Whoever changes where a line leads must know its secret; what does not matter to it is changed without."""
    root.post(reverse("crm:gateway_new"), line(make_project().pk, **stored))
    row = Gateway.objects.get()
    edit = reverse("crm:gateway_edit", args=[row.pk])
    moved = root.post(edit, line(row.project_id, **{**stored, **change, "secret": ""}))
    assert (moved.status_code, set(moved.context["form"].errors)) == (422, {"secret"})
    assert Gateway.objects.get().settings == row.settings
    assert root.post(edit, line(row.project_id, **{**stored, "secret": "", "rate": 3})).status_code == 302
    assert (
        root.post(edit, line(row.project_id, **{**stored, **change, "secret": "new-42"})).status_code == 302
    )


@pytest.mark.parametrize("change", [{"url": "http://127.0.0.2:9/sms"}, {**CARRIER, "host": "127.0.0.2"}])
def test_a_secret_of_the_environment_goes_only_where_the_environment_says(
    root: Client, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    """Its name is no secret: who may edit lines knows it, and could point it at a host of their own."""
    monkeypatch.setenv("CRM_GATEWAY_AGENT", SECRET)
    monkeypatch.setenv("CRM_GATEWAY_AGENT_HOSTS", "127.0.0.1")
    project, mine = make_project().pk, {**AGENT, "secret": "env:AGENT"}
    elsewhere = {**mine, **change, "secret": "env:AGENT"}
    refused = root.post(reverse("crm:gateway_new"), line(project, **elsewhere))
    assert (refused.status_code, set(refused.context["form"].errors)) == (422, {"secret"})
    assert root.post(reverse("crm:gateway_new"), line(project, **mine)).status_code == 302
    row = Gateway.objects.get()
    assert secret_of(row) == SECRET
    for secret in ("", "env:AGENT", "env:AGENT_HOSTS", "env:"):
        moved = root.post(
            reverse("crm:gateway_edit", args=[row.pk]), line(project, **{**elsewhere, "secret": secret})
        )
        assert (moved.status_code, set(moved.context["form"].errors)) == (422, {"secret"})
    row.settings |= {"url": "http://127.0.0.2:9/sms"}  # by whatever way it came there
    assert secret_of(row) == ""
