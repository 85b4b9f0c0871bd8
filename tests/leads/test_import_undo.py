"""Undoing a load: exactly what it brought goes, what was worked on since stays, and every interruption ends the same."""

from __future__ import annotations

import datetime as dt
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from crm import clock
from crm.actions.customers import rename_customer
from crm.errors import RuleViolation
from crm.models import AuditEvent, Customer, CustomerPhone, Household, Notice
from leads import tasks
from leads.actions import assigning, importing, merging, undoing
from leads.actions.contacts import ContactSheet, log_contact
from leads.models import CallTask, ImportBatch, InboundCall, Interest, Lead, LeadEvent, Objection, Visit
from tests.leads.test_import import AT, Centre, numbers, state
from tests.leads.test_import_known import FIRST, load, told

pytestmark = pytest.mark.django_db
LATER = AT + dt.timedelta(days=2)


@pytest.fixture
def centre() -> Centre:
    return Centre()


def undo(centre: Centre, batch: ImportBatch, at: dt.datetime = LATER) -> ImportBatch:
    undoing.start(batch_id=batch.pk, by=centre.wu, at=at)
    while undoing.advance(batch_id=batch.pk, at=at):
        pass
    batch.refresh_from_db()
    assert batch.state == "undone"
    return batch


def everything() -> dict[str, int]:
    tables = (Household, Customer, CustomerPhone, Lead, InboundCall, Visit, CallTask, Interest, Objection)
    return {table.__name__: table._default_manager.count() for table in tables}


def owed() -> set[tuple]:
    """What is owed to whom, without what only a record of the past shows."""
    return {(*row, "") for row in state()}


def contact(centre: Centre, lead: Lead, at: dt.datetime = AT + dt.timedelta(hours=3)) -> None:
    log_contact(lead_id=lead.pk, sheet=ContactSheet("talked"), happened_at=at, by=centre.wu, at=at)


def test_nothing_is_left_of_a_load_nobody_worked_on(centre: Centre) -> None:
    batch = centre.load("visits.xlsx")
    assert Lead.objects.count() == 225
    undo(centre, batch)
    assert everything() == dict.fromkeys(everything(), 0)
    assert not LeadEvent.objects.exists()
    counts = batch.report["undo"]["counts"]
    assert (counts["leads"], counts["customers"], counts["visits"]) == (225, 225, 366)
    assert counts["kept"] == 0
    assert AuditEvent.objects.get(verb="register.undone").details["leads"] == 225
    assert Notice.objects.get(kind="import_undone").user == centre.wu


def test_the_same_file_loads_again_as_if_for_the_first_time(centre: Centre) -> None:
    batch = centre.load("calls.csv")
    before, leads = everything(), state()
    undo(centre, batch, AT)
    again = centre.load("calls.csv")
    assert (everything(), state()) == (before, leads)
    assert "repeated" not in again.report["run"]["counts"]


def test_what_was_worked_on_stays_with_the_reason(centre: Centre) -> None:
    batch = centre.load("calls.csv")
    talked, renamed, merged, other, *_ = Lead.objects.order_by("pk").select_related("customer")
    contact(centre, talked)
    rename_customer(customer=renamed.customer, name="王芳芳", salutation="ms", by=centre.wu, at=AT)
    merging.merge_customers(
        winner=merged.customer, loser=other.customer, reason="同一人", by=centre.wu, at=AT
    )
    undo(centre, batch)
    assert set(Lead.objects.values_list("pk", flat=True)) == {talked.pk, renamed.pk, merged.pk, other.pk}
    kept = {line["lead"]: line["code"] for line in batch.report["undo"]["kept"]}
    assert kept[talked.pk] == "contact"
    assert kept[renamed.pk] == "edited"
    assert kept[merged.pk] == "merged"
    assert Customer.objects.count() == 4
    assert InboundCall.objects.filter(lead=talked).exists()
    talked.refresh_from_db()
    assert talked.last_talk_at is not None


def test_an_assignment_alone_is_no_work(centre: Centre) -> None:
    batch = centre.load("calls.csv")
    ids = list(Lead.objects.values_list("pk", flat=True))
    assigning.assign(project=centre.project, lead_ids=ids, to=[centre.mei], by=centre.wu, at=AT)
    undo(centre, batch)
    assert not Lead.objects.exists()


@pytest.mark.parametrize("known", ["fill", "update"])
def test_known_customers_are_as_before(centre: Centre, known: str) -> None:
    centre.load("calls.csv", FIRST.encode())
    before, tables, leads = [told("13800138001"), told("13800138002")], everything(), owed()
    batch = load(centre, known)
    assert told("13800138001") != before[0]
    undo(centre, batch)
    assert [told("13800138001"), told("13800138002")] == before
    assert owed() == leads
    assert everything() | {"Visit": 0} == tables | {"CallTask": CallTask.objects.count()}
    assert Visit.objects.filter(voided_at=None).count() == 0, "annulled, for the history only grows"
    assert LeadEvent.objects.filter(kind="void", ref__in=LeadEvent.objects.filter(batch=batch)).exists()
    assert not CustomerPhone.objects.filter(e164="+8613900139002").exists()


def test_known_customers_take_the_rows_again_after_an_undo(centre: Centre) -> None:
    centre.load("calls.csv", FIRST.encode())
    undo(centre, load(centre, "update"), AT)
    again = load(centre, "update")
    assert "repeated" not in again.report["run"]["counts"]
    assert told("13800138001")[0] == "王方"
    assert Lead.objects.get(customer__name="王方").visits == 1


def test_a_value_that_somebody_changed_since_stays(centre: Centre) -> None:
    centre.load("calls.csv", FIRST.encode())
    batch = load(centre, "update")
    Customer.objects.filter(name="王方").update(name="王昉")
    undo(centre, batch)
    assert told("13800138001")[0] == "王昉"
    assert told("13800138001")[2] == "89"


def test_a_known_lead_that_was_worked_on_keeps_what_the_load_gave_it(centre: Centre) -> None:
    centre.load("calls.csv", FIRST.encode())
    batch = load(centre, "update")
    lead = Lead.objects.get(customer__name="王方")
    contact(centre, lead)
    undo(centre, batch)
    assert told("13800138001")[0] == "王方"
    assert Visit.objects.get(lead=lead).voided_at is None
    assert batch.report["undo"]["counts"]["kept"] == 1


def test_a_customer_with_a_lead_elsewhere_stays_without_this_one(centre: Centre) -> None:
    there = Centre()
    there.load("calls.csv", FIRST.encode())
    batch = centre.load("calls.csv", FIRST.encode())
    assert Lead.objects.count() == 4
    undo(centre, batch)
    assert Lead.objects.count() == Customer.objects.count() == 2
    assert set(Lead.objects.values_list("project", flat=True)) == {there.project.pk}


def test_killed_in_the_middle_and_run_again(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undoing, "SLICE", 50)
    batch = centre.load("calls.csv")
    real, calls = undoing._Slice.run, []

    def dies(self: undoing._Slice) -> None:
        real(self)
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(undoing._Slice, "run", dies)
    undoing.start(batch_id=batch.pk, by=centre.wu, at=LATER)
    with pytest.raises(KeyboardInterrupt):
        undoing.advance(batch_id=batch.pk, at=LATER)
    batch.refresh_from_db()
    assert (batch.state, batch.report["undo"]["done"]) == ("undoing", 100)
    assert Lead.objects.count() == 124
    assert undoing.waiting(at=LATER + dt.timedelta(minutes=3)) == [batch.pk]
    monkeypatch.setattr(clock, "now", lambda: LATER + dt.timedelta(minutes=3))
    tasks.imports()
    batch.refresh_from_db()
    assert batch.state == "undone"
    assert batch.report["undo"]["counts"]["leads"] == 224
    assert not Lead.objects.exists()


def test_a_load_that_stopped_half_way_can_be_undone(centre: Centre) -> None:
    batch = centre.start(centre.upload("calls.csv"))
    ImportBatch.objects.filter(pk=batch.pk).update(state="failed", error="file_damaged")
    undo(centre, batch)
    assert (batch.accepted, batch.total) == (0, 0)


def test_refusals(centre: Centre) -> None:
    batch = centre.upload("calls.csv")
    with pytest.raises(RuleViolation, match="ended"):
        undoing.start(batch_id=batch.pk, by=centre.wu, at=LATER)
    batch = centre.run(centre.start(batch))
    with pytest.raises(RuleViolation, match="may not import"):
        undoing.start(batch_id=batch.pk, by=centre.lin, at=LATER)
    with pytest.raises(RuleViolation, match="30 days"):
        undoing.start(batch_id=batch.pk, by=centre.wu, at=AT + dt.timedelta(days=31))
    undo(centre, batch)
    with pytest.raises(RuleViolation, match="only once"):
        undoing.start(batch_id=batch.pk, by=centre.wu, at=LATER)
    assert undoing.advance(batch_id=batch.pk, at=LATER) is False


def test_who_lost_the_right_stops_and_another_goes_on(centre: Centre) -> None:
    batch = centre.load("calls.csv")
    undoing.start(batch_id=batch.pk, by=centre.wu, at=LATER)
    centre.wu.memberships.update(active=False)
    assert undoing.advance(batch_id=batch.pk, at=LATER) is False
    assert Lead.objects.count() == 224
    centre.wu.memberships.update(active=True)
    undo(centre, batch)
    assert not Lead.objects.exists()


def test_the_history_of_a_lead_goes_only_while_its_load_is_undone(centre: Centre) -> None:
    centre.load("calls.csv", FIRST.encode())
    event = LeadEvent.objects.filter(kind="call_in").first()
    assert event is not None
    with pytest.raises(IntegrityError, match="only grows"), transaction.atomic():
        CallTask.objects.all().delete()
        event.delete()


def test_one_click_on_the_page(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: LATER)
    batch = centre.load("calls.csv")
    lead = Lead.objects.select_related("customer").first()
    assert lead is not None
    contact(centre, lead)
    client = Client(headers={"accept-language": "en"})
    client.force_login(centre.wu)
    page, press = reverse("leads:import", args=[batch.pk]), reverse("leads:import_undo", args=[batch.pk])
    assert press in client.get(page).content.decode()
    undoing.start(batch_id=batch.pk, by=centre.wu, at=LATER)
    progress = client.get(reverse("leads:import_progress", args=[batch.pk])).content.decode()
    assert "0 of 224 leads" in progress
    assert client.post(press).status_code == 302
    while undoing.advance(batch_id=batch.pk, at=LATER):
        pass
    shown = client.get(page).content.decode()
    assert f'<a href="/leads/{lead.pk}/">{lead.customer.name}</a>' in shown
    assert "contacted since" in shown
    assert press not in shown


def test_the_command(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: LATER)
    batch, out = centre.load("calls.csv"), StringIO()
    with pytest.raises(CommandError) as refused:
        call_command("undo_import", str(batch.pk), f"--user={centre.lin.username}")
    assert refused.value.returncode == 1
    call_command("undo_import", str(batch.pk), f"--user={centre.wu.username}", stdout=out)
    assert "leads                    224" in out.getvalue()
    assert numbers() == dict.fromkeys(numbers(), 0)


def test_another_load_on_the_same_lead_counts_as_built_upon(centre: Centre) -> None:
    first = centre.load("calls.csv", FIRST.encode())
    load(centre, "fill")
    ImportBatch.objects.filter(pk=first.pk).update(started_at=AT - dt.timedelta(hours=1))
    undo(centre, first)
    assert [line["code"] for line in first.report["undo"]["kept"]] == ["visit", "visit"]
    assert importing.may_import(centre.wu, centre.project)
