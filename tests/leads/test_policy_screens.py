"""Policy versions on screen: three different people, only changed values shown, nothing changed afterwards (SC-13)."""

from __future__ import annotations

import pytest
from django.urls import reverse

from crm import clock
from crm.models import PolicyVersion
from leads import policy
from tests import factories
from tests.leads.stage import Stage, set_stage
from tests.leads.test_lead_screens import NOW, client_of, visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return set_stage()


def drafted(stage: Stage, **values: object) -> PolicyVersion:
    client = client_of(stage.wu)
    client.post(reverse("leads:policy_new"))
    row = PolicyVersion.objects.get(state="draft")
    said = policy.dump(policy.Policy()) | values | {"reason": "旺季"}
    assert client.post(reverse("leads:policy_edit", args=[row.pk]), said).status_code == 302
    row.refresh_from_db()
    return row


def test_three_people_put_a_version_in_force(stage: Stage) -> None:
    lead = visitor(stage)
    row = drafted(stage, visitor_second_days=2)
    second, director = (
        factories.make_user("sales_manager", stage.project),
        factories.make_user("sales_director"),
    )
    url = {what: reverse(f"leads:policy_{what}", args=[row.pk]) for what in ("review", "approve")}
    client_of(stage.wu).post(url["review"])
    row.refresh_from_db()
    assert row.state == "draft"
    client_of(second).post(url["review"])
    assert client_of(second).post(url["approve"], {"effective_on": "2026-03-02"}).status_code == 403
    client_of(director).post(url["approve"], {"effective_on": "2026-03-01"})
    row.refresh_from_db()
    assert row.state == "reviewed"
    client_of(director).post(url["approve"], {"effective_on": "2026-03-02"})
    row.refresh_from_db()
    assert (row.state, row.effective_from) == ("approved", NOW)
    assert client_of(stage.wu).get(reverse("leads:lead", args=[lead.pk])).status_code == 200
    page = client_of(stage.wu).get(reverse("leads:policy", args=[row.pk]))
    assert [(c.name, c.before, c.after) for c in page.context["changes"]] == [("visitor_second_days", 3, 2)]
    assert "与上一版本对比" in page.content.decode()


def test_only_changed_values_are_compared(stage: Stage) -> None:
    row = drafted(stage, visitor_second_days=2)
    page = client_of(stage.wu).get(reverse("leads:policy", args=[row.pk]))
    assert [(c.name, c.before, c.after, c.clause) for c in page.context["changes"]] == [
        ("visitor_second_days", 3, 2, "SC-2.2")
    ]


def test_the_first_version_lists_all_its_values(stage: Stage) -> None:
    page = client_of(stage.wu).get(reverse("leads:policy", args=[PolicyVersion.objects.get(number=1).pk]))
    said = {value.name: value.after for value in page.context["values"]}
    assert list(said) == list(policy.FIELDS)
    assert said["visitor_second_days"] == policy.Policy().visitor_second_days
    assert page.context["changes"] == []
    assert "本版本的全部数值" in page.content.decode()


@pytest.mark.parametrize(
    ("name", "value"), [("visitor_second_days", 0), ("visitor_second_days", "x"), ("put_off_limit_days", 3)]
)
def test_a_bad_value_is_refused_at_its_field(stage: Stage, name: str, value: object) -> None:
    row = drafted(stage)
    said = policy.dump(policy.Policy()) | {name: value, "reason": "旺季"}
    answer = client_of(stage.wu).post(reverse("leads:policy_edit", args=[row.pk]), said)
    assert answer.status_code == 422
    assert name in answer.context["form"].errors


def test_an_approved_version_is_not_edited(stage: Stage) -> None:
    row = PolicyVersion.objects.get(number=1)
    said = policy.dump(policy.Policy()) | {"capacity_day": 99, "reason": "改"}
    assert client_of(stage.wu).post(reverse("leads:policy_edit", args=[row.pk]), said).status_code == 422
    row.refresh_from_db()
    assert "capacity_day" not in row.values


def test_consultants_and_strangers_do_not_see_policies(stage: Stage) -> None:
    row = drafted(stage)
    assert client_of(stage.lin).get(reverse("leads:policies")).status_code == 403
    assert client_of(stage.lin).get(reverse("leads:policy", args=[row.pk])).status_code == 404
    stranger = factories.make_user("sales_manager", factories.make_project())
    assert client_of(stranger).get(reverse("leads:policy", args=[row.pk])).status_code == 404
    assert client_of(stranger).post(reverse("leads:policy_withdraw", args=[row.pk])).status_code == 404


@pytest.mark.parametrize("tab", ["downgrades", "doubtful", "grades", "rejudge"])
def test_reviews_open_for_the_manager_only(stage: Stage, tab: str) -> None:
    visitor(stage, grade="")
    assert client_of(stage.wu).get(reverse("leads:reviews"), {"tab": tab}).status_code == 200
    assert client_of(stage.lin).get(reverse("leads:reviews"), {"tab": tab}).status_code == 403
