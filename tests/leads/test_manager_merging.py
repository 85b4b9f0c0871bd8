"""Linking and merging on screen, with an undo (PX-3)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse
from django.utils import formats, timezone

from crm import clock, phones
from leads.actions import merging as actions
from leads.facts_merging import candidates
from leads.forms_manage import MergeForm
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


def merged(stage: Stage, one: Lead, other: Lead, reason: str = "同一人") -> MergeRecord:
    return actions.merge_customers(
        winner=one.customer, loser=other.customer, reason=reason, by=stage.wu, at=NOW
    )


def with_a_lead_elsewhere(stage: Stage, lead: Lead) -> None:
    """The party of the lead has one more in a project whose leads the manager works but does not decide on."""
    far = set_stage("远山")
    factories.add_role(stage.wu, "consultant", far.project)
    customer = lead.customer
    Lead.objects.create(
        project=far.project,
        household=customer.household,
        customer=customer,
        consultant=stage.wu,
        created_at=NOW,
    )


def test_a_party_with_a_lead_where_one_does_not_decide_is_not_offered(stage: Stage) -> None:
    one, other = visitor(stage), visitor(stage, "李雷", "13900139000")
    with_a_lead_elsewhere(stage, other)
    url, client = reverse("leads:merge", args=[one.pk]), client_of(stage.wu)
    assert client.get(url, {"q": "李雷"}).context["found"] == []
    assert client.get(url, {"other": other.customer_id}).status_code == 404
    for how in ("link", "merge"):
        said = {"other": other.customer_id, "how": how, "relation": "配偶", "reason": "试"}
        assert client.post(url, said).status_code == 404
    director = client_of(factories.make_user("sales_director"))
    assert director.get(url, {"q": "李雷"}).context["found"] == [other.customer]
    assert not MergeRecord.objects.exists()


def test_the_own_party_needs_every_project_too(stage: Stage) -> None:
    one, other = visitor(stage), visitor(stage, "李雷", "13900139000")
    with_a_lead_elsewhere(stage, one)
    url = reverse("leads:merge", args=[one.pk])
    said = {"other": other.customer_id, "how": "merge", "reason": "试"}
    page = reverse("leads:lead", args=[one.pk])
    assert client_of(stage.wu).get(url).status_code == 403
    assert url not in client_of(stage.wu).get(page).content.decode()
    assert url in client_of(factories.make_user("sales_director")).get(page).content.decode()
    assert client_of(stage.wu).post(url, said).status_code == 403
    assert list(candidates(stage.wu, one)) == []
    assert not MergeRecord.objects.exists()


@pytest.mark.parametrize("undone", [False, True])
@pytest.mark.parametrize("side", ["winner", "loser"])
def test_a_merge_is_listed_and_undone_by_who_decides_on_both_parties(
    stage: Stage, side: str, undone: bool
) -> None:
    one, other = visitor(stage), visitor(stage, "李雷", "13900139000")
    record = merged(stage, one, other)
    if undone:
        actions.undo_merge(record_id=record.pk, by=stage.wu, at=NOW)
    listed, undo = reverse("leads:merges"), reverse("leads:merge_undo", args=[record.pk])
    assert client_of(stage.wu).get(listed).context["page"].rows == (record,)
    lead = Lead.objects.get(pk=one.pk if side == "winner" or not undone else other.pk)
    with_a_lead_elsewhere(stage, lead)
    assert client_of(stage.wu).get(listed).context["page"].rows == ()
    assert client_of(stage.wu).post(undo).status_code == 404
    director = client_of(factories.make_user("sales_director"))
    assert director.get(listed).context["page"].rows == (record,)
    assert director.post(undo).status_code == 302
    assert MergeRecord.objects.get().undone_at is not None


def test_two_people_of_one_name_are_told_apart(stage: Stage) -> None:
    one = visitor(stage, "李雷", "13700137000")
    first = visitor(stage, "王芳", "13900139001", consultant=stage.mei)
    second = stage.caller("王芳", "13900139002", at=NOW).lead
    url, client = reverse("leads:merge", args=[one.pk]), client_of(stage.wu)
    found = client.get(url, {"q": "王芳"}).content.decode()
    confirmed = client.get(url, {"other": first.customer_id}).content.decode()
    day = formats.date_format(timezone.localtime(first.last_visit_at), "SHORT_DATE_FORMAT")
    for text in (found, confirmed):
        assert phones.mask("+8613900139001") in text
        assert "梅清" in text
        assert day in text
        assert "13900139001" not in text
    assert phones.mask("+8613900139002") in found
    assert str(second.consultant) in found
    assert phones.mask("+8613700137000") in confirmed


def test_a_merge_whose_reason_is_linked_is_no_link(stage: Stage) -> None:
    one, other = visitor(stage), visitor(stage, "李雷", "13900139000")
    record = merged(stage, one, other, "linked")
    assert record.moved["kind"] == record.kind == "merged"
    rows = client_of(stage.wu).get(reverse("leads:merges")).content.decode()
    assert rows.count("linked") == 1  # the reason, as it was typed
    actions.undo_merge(record_id=record.pk, by=stage.wu, at=NOW)
    other.customer.refresh_from_db()
    link = actions.link_party(main=one.customer, other=other.customer, relation="配偶", by=stage.wu, at=NOW)
    assert link.moved["kind"] == link.kind == "linked"


def test_records_without_a_kind_are_known_by_what_they_moved(stage: Stage) -> None:
    record = merged(stage, visitor(stage), visitor(stage, "李雷", "13900139000"), "linked")
    del record.moved["kind"]
    assert record.kind == "merged"
    del record.moved["faces"]
    assert record.kind == "linked"


def test_the_reason_is_optional_for_a_link_only() -> None:
    for how, needed in (("merge", True), ("link", False)):
        form = MergeForm({"how": how, "reason": " "})
        assert form.is_valid() is not needed
        assert form.fields["reason"].required is needed
    assert MergeForm().fields["reason"].required
    assert "required" not in str(MergeForm()["reason"])


def test_the_list_ends_with_what_can_no_longer_be_undone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = merged(stage, visitor(stage), visitor(stage, "李雷", "13900139000"))
    url, month = reverse("leads:merges"), dt.timedelta(days=actions.UNDO_DAYS)
    monkeypatch.setattr(clock, "now", lambda: NOW + month)
    assert client_of(stage.wu).get(url).context["page"].rows == (record,)
    monkeypatch.setattr(clock, "now", lambda: NOW + month + dt.timedelta(minutes=1))
    assert client_of(stage.wu).get(url).context["page"].rows == ()


def test_a_gap_parts_the_counts_from_what_follows(stage: Stage) -> None:
    one, other = visitor(stage), visitor(stage, "李雷", "13900139000")
    url = reverse("leads:merge", args=[one.pk])
    text = client_of(stage.wu).get(url, {"other": other.customer_id}).content.decode()
    assert '</dl>\n<p class="muted after-facts">' in text
    sheet = finders.find("crm/css/manage.css")
    assert ".facts + .after-facts { margin-top: 12px; }" in Path(str(sheet)).read_text()


@pytest.mark.parametrize("how", ["merge", "link"])
def test_the_preview_names_the_duty_that_survives(stage: Stage, how: str) -> None:
    """Two visits of different days owe two calls; the joined party owes one, and the page says which."""
    one = visitor(stage)
    other = stage.visitor(
        "李雷", "13900139000", at=NOW - dt.timedelta(days=2), grade="C", consultant=stage.mei
    ).lead
    url, client = reverse("leads:merge", args=[one.pk]), client_of(stage.wu)
    answer = client.get(url, {"other": other.customer_id})
    (owed,) = answer.context["owed"]
    assert {row.pk for row in owed.before} == {one.pk, other.pk}
    said = {"other": other.customer_id, "how": how, "relation": "配偶", "reason": "同一人"}
    assert client.post(url, said).status_code == 302
    one.refresh_from_db()
    assert (owed.duty.clause, owed.duty.due, owed.consultant.pk) == (
        one.clause,
        one.due_at,
        one.consultant_id,
    )
