"""SC-7: a stop of calls takes the customer off every consultant's list, whatever way it came in; a consent lifts it."""

from __future__ import annotations

import pytest

from crm.actions import customers
from crm.models import Notice, OptOut
from crm.outbox.replies import stop
from leads.actions import stopping
from leads.models import CallTask
from tests.factories import AT
from tests.leads.stage import set_stage

pytestmark = pytest.mark.django_db


def test_sc_7_a_stop_by_message_closes_the_calls_and_a_consent_brings_them_back() -> None:
    stage = set_stage()
    lead = stage.visitor("王芳", "13800138000", at=AT).lead
    open_tasks = CallTask.objects.filter(lead=lead, state=CallTask.State.OPEN)
    assert open_tasks.exists()
    number = lead.customer.phones.get().e164
    stop(number=number, customer=lead.customer, source="sms:opt_out", at=AT)
    assert stopping.carry(at=AT)["stopped"] == 1
    assert stopping.carry(at=AT)["stopped"] == 0
    lead.customer.refresh_from_db()
    assert lead.customer.preference == "do_not_contact"
    assert not open_tasks.exists()
    assert Notice.objects.filter(kind="customer_stopped", user=lead.consultant).count() == 1
    customers.record_consent(
        customer=lead.customer, scope="calls", source="call", wording="可以打", by=stage.lin, at=AT
    )
    assert stopping.carry(at=AT)["lifted"] == 1
    lead.customer.refresh_from_db()
    assert lead.customer.preference == "welcome"
    assert open_tasks.exists()
    assert (
        OptOut.objects.filter(customer=lead.customer, lifted_by=None).values_list("scope", flat=True)[0]
        == "marketing_sms"
    )


def test_a_wish_spoken_before_the_stop_is_not_taken_back_by_the_consent() -> None:
    stage = set_stage()
    lead = stage.visitor("王芳", "13800138000", at=AT).lead
    customers.set_preference(customer=lead.customer, preference="do_not_contact", by=stage.lin, at=AT)
    stop(number="+8613800138000", customer=lead.customer, source="sms:opt_out", at=AT)
    stopping.carry(at=AT)
    customers.record_consent(
        customer=lead.customer, scope="calls", source="call", wording="可以打", by=stage.lin, at=AT
    )
    stopping.carry(at=AT)
    lead.customer.refresh_from_db()
    assert lead.customer.preference == "do_not_contact"
