"""Linking and merging on screen, with an undo (PX-3)."""

from __future__ import annotations

import pytest
from django.urls import reverse

from crm import clock
from leads.models import Lead, MergeRecord
from tests import factories
from tests.leads.stage import Stage, set_stage
from tests.leads.test_lead_screens import NOW, client_of, visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return set_stage()


def test_two_records_of_one_person_are_merged_and_parted_again(stage: Stage) -> None:
    one, other = visitor(stage), visitor(stage, "王芳", "13900139000", consultant=stage.mei)
    url, client = reverse("leads:merge", args=[one.pk]), client_of(stage.wu)
    assert other.customer in client.get(url, {"q": "9000"}).context["found"]
    assert client.get(url, {"other": other.customer_id}).context["moving"]["visits"] == 1
    said = {"other": other.customer_id, "how": "merge", "reason": ""}
    assert client.post(url, said).status_code == 422
    assert client.post(url, said | {"reason": "同一人"}).status_code == 302
    assert list(Lead.objects.current()) == [one]
    client.post(reverse("leads:merge_undo", args=[MergeRecord.objects.get().pk]))
    assert set(Lead.objects.current()) == {one, other}


def test_a_family_is_linked_and_called_once(stage: Stage) -> None:
    one, other = visitor(stage), visitor(stage, "李雷", "13900139000")
    said = {"other": other.customer_id, "how": "link", "relation": "配偶", "reason": ""}
    assert client_of(stage.wu).post(reverse("leads:merge", args=[one.pk]), said).status_code == 302
    page = client_of(stage.lin).get(reverse("leads:lead", args=[one.pk])).content.decode()
    assert "李雷" in page
    assert Lead.objects.current().count() == 1


def test_consultants_and_strangers_merge_nothing(stage: Stage) -> None:
    one, other = visitor(stage), visitor(stage, "李雷", "13900139000")
    url = reverse("leads:merge", args=[one.pk])
    said = {"other": other.customer_id, "how": "merge", "reason": "试"}
    assert client_of(stage.lin).post(url, said).status_code == 403
    stranger = factories.make_user("sales_manager", factories.make_project())
    assert client_of(stranger).post(url, said).status_code == 404
    assert client_of(stage.lin).get(reverse("leads:merges")).status_code == 403


def test_a_customer_of_another_project_is_not_there(stage: Stage) -> None:
    one, far = visitor(stage), set_stage("远山")
    theirs = far.visitor("赵六", "13700137000", at=NOW).lead
    url = reverse("leads:merge", args=[one.pk])
    said = {"other": theirs.customer_id, "how": "merge", "reason": "试"}
    assert client_of(stage.wu).get(url, {"q": "赵六"}).context["found"] == []
    assert client_of(stage.wu).post(url, said).status_code == 404
