"""What SQL says of a whole audience is what the pure rules say of one person: openings, pieces, the cap."""

from __future__ import annotations

import datetime as dt
import random

import pytest

from crm import outbox
from crm.compose import opening, pieces, units
from crm.contact_cap import Caps, Held, Kind, Ledger, Means, Request, decide
from crm.facts_messages import texts
from crm.models import Contact, Customer, Message
from crm.outbox import Row
from tests.crm.test_outbox_planning import DAY, make_run
from tests.factories import AT, make_customer, make_project

pytestmark = pytest.mark.django_db
NAMES = (
    "王小明", "韩轩女士", "李雷 先生", "Mr. Smith", "mrs Jones", "Miss Lee", "mr", "先生", "𠮷田太郎", "王小姐", "欧阳太太",
    "朋友介绍的客户想看三房两厅最好朝南带阳台", "朋友介绍的客户想看三房两厅最好朝南带大阳台", "A", "Msgr. X", "m", "米先生先生", "",
)  # fmt: skip
TODAY = dt.date(2026, 3, 2)


def test_openings_and_pieces_are_those_of_the_composer() -> None:
    people: list[Customer] = []
    for name in NAMES:
        for salutation in ("mr", "ms", "unknown"):
            customer = make_customer()
            Customer.objects.filter(pk=customer.pk).update(name=name, salutation=salutation)
            customer.refresh_from_db()
            people.append(customer)
    run = make_run(body="{unit}" + "好" * 20, fields=("unit",))
    rows = [
        Row(each.pk, "林晓" + "𠮷" * (each.pk % 9), {"unit": "😀" * (each.pk % 13 + 1)}) for each in people
    ]
    outbox.plan(run=run, audience=rows, at=AT)
    messages = {
        message.customer_id: message for message in Message.objects.filter(run=run).select_related("text")
    }
    written = texts(list(messages.values()))
    for customer in people:
        message = messages[customer.pk]
        assert message.text.opening == opening(customer.name, customer.salutation), customer.name
        text = written[message.pk]
        assert message.pieces == pieces(text).billed, (text, units(text))


@pytest.mark.parametrize("kind", ["broadcast", "milestone", "festival"])
def test_sc_6_the_cap_of_a_million_is_the_cap_of_one(kind: str) -> None:
    chance, project = random.Random(7), make_project()
    free = [TODAY + dt.timedelta(days=n) for n in (8, 20, 34)]
    expected: dict[int, str] = {}
    for _ in range(150):
        customer = make_customer()
        had = [TODAY - chance.randrange(40) * DAY for _ in range(chance.randrange(7))]
        for day in had:
            at = dt.datetime.combine(day, dt.time(3), dt.UTC)
            Contact.objects.create(
                customer=customer, project=project, channel="sms", purpose="broadcast", outcome="sent",
                effective=False, at=at, recorded_at=at,
            )  # fmt: skip
        ranked = {"broadcast": Kind.BROADCAST, "milestone": Kind.MILESTONE, "festival": Kind.GREETING}[kind]
        said = decide(Ledger(marketing_sms=tuple(had)), Request(ranked, Means.SMS), TODAY, Caps(), free)
        expected[customer.pk] = (
            "" if not isinstance(said, Held) else "reserved" if said.reason == "reserved" else "cap"
        )
    values = {"festival": "qingming", "year": 2026} if kind == "festival" else {}
    run = make_run(project, kind, expires_at=AT + dt.timedelta(hours=5), **values)
    outbox.plan(run=run, audience=[Row(pk) for pk in expected], at=AT, kept_free=free)
    found = dict(run.messages.values_list("customer_id", "reason")) | dict(
        run.exclusions.values_list("customer_id", "reason")
    )
    assert found == expected
    assert set(expected.values()) >= {"", "cap"}
