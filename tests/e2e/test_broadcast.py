"""From a draft to finished results over the demo's SMSC, with the product's worker and scheduler as processes of their
own; a 退订 comes back meanwhile and takes the person out of the rest of the run, the call list and the next audience.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from campaigns.models import Broadcast
from crm import clock
from crm.celery import app
from crm.models import Message, Project
from crm.roles import Role
from leads.models import CallTask, Lead
from tests.crm.smsc import Running, running, smpp_gateway
from tests.e2e.conftest import MORNING, SignIn
from tests.factories import make_user
from tests.faults.backstage import Backstage, backstage
from tests.faults.clocked import ahead_by
from tests.leads.stage import Stage, set_stage

pytestmark = [
    pytest.mark.browser,
    pytest.mark.processes,
    pytest.mark.xdist_group("processes"),
    pytest.mark.django_db(transaction=True),
]
PEOPLE = 24
RATE = 1
"""Messages a second: slow enough that somebody can answer while it runs, and that the page is seen to move."""
SOON = 60_000  # milliseconds; only a failure takes that long
BODY = "{project}本周六加推新品。"
WIDE: ViewportSize = {"width": 1440, "height": 900}


@pytest.fixture
def smsc() -> Iterator[Running]:
    with running(receipt_delay=0.3) as found:
        yield found


@pytest.fixture
def stage() -> Stage:
    stage = set_stage()
    for number in range(PEOPLE):
        stage.visitor(f"客户{number:02}", f"138000000{number:02}", at=MORNING, grade="A")
    stage.visitor("乙", "13800000099", at=MORNING, grade="B")
    return stage


@pytest.fixture
def behind(stage: Stage, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backstage]:
    """The pages, the worker and the scheduler on one clock that goes on from `MORNING`, and on one broker."""
    shift = (MORNING - dt.datetime.now(dt.UTC)).total_seconds()
    monkeypatch.setattr(clock, "now", ahead_by(shift))
    with backstage(shift, every=5) as found:
        monkeypatch.setattr(app, "send_task", found.sender.send_task)
        yield found


def write(page: Page, project: Project) -> None:
    """Marketing writes it: the audience is counted and the text shown while it is typed."""
    page.goto("/campaigns/broadcasts/new/")
    page.get_by_label("Title").fill("新品加推")
    page.get_by_label("Text of the message").fill(BODY)
    expect(page.locator("#sample .figure b").first).to_have_text(str(PEOPLE + 1))
    page.locator("input[name=grades][value=A]").check()
    expect(page.locator("#sample .figure b").first).to_have_text(str(PEOPLE))
    expect(page.locator("#sample")).to_contain_text(f"{project.name}本周六加推新品。【{project.signature}】")
    page.get_by_label("Starts at").fill("2026-03-02T10:30")
    page.get_by_label("Nothing goes out from").fill("2026-03-02T19:00")
    page.get_by_label("Price of a piece (yuan)").fill("0.05")
    page.get_by_role("button", name="Save and rehearse").click()
    page.wait_for_url(re.compile(r"/campaigns/broadcasts/\d+/$"))


def sent_of(page: Page) -> int:
    return int(page.locator("#run-progress progress").get_attribute("value") or 0)


def narrow(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def rehearsed_and_approved(marketing: Page, manager: Page, project: Project) -> Broadcast:
    write(marketing, project)
    row = Broadcast.objects.get()
    expect(marketing.locator("main")).to_contain_text("As phones show it", timeout=SOON)  # it comes by itself
    expect(marketing.locator(".figure", has_text="get it").locator("b")).to_have_text(str(PEOPLE))
    marketing.get_by_role("button", name="Hand in").click()
    expect(marketing.get_by_text("waits for approval").first).to_be_visible()
    expect(marketing.get_by_role("button", name="Approve")).to_have_count(0)  # not one's own
    manager.goto(f"/campaigns/broadcasts/{row.pk}/")
    manager.get_by_role("button", name="Approve").tap()
    expect(manager.locator("main")).to_contain_text("Approved by")
    marketing.goto(f"/campaigns/broadcasts/{row.pk}/")
    row.refresh_from_db()
    return row


def test_from_the_draft_to_the_results_and_who_opts_out(
    stage: Stage, smsc: Running, sign_in: SignIn, behind: Backstage
) -> None:
    smpp_gateway(stage.project, smsc.port, rate=RATE, window=1)
    marketing = sign_in(make_user(Role.MARKETING, stage.project, "马"), phone=False)
    marketing.set_viewport_size(WIDE)
    manager, lin = sign_in(stage.wu), sign_in(stage.lin)
    row = rehearsed_and_approved(marketing, manager, stage.project)
    last = Message.objects.filter(run=row.run).order_by("-not_before", "-pk")[0]
    gone = Lead.objects.get(customer=last.customer)
    assert CallTask.objects.open().filter(lead=gone).exists()
    lin.goto("/today/")
    expect(lin.locator("main")).to_contain_text(gone.customer.name)

    for page in (marketing, manager):  # both move by themselves, from its hour on
        expect(page.locator("#run-progress progress")).not_to_have_attribute("value", "0", timeout=SOON)
        assert narrow(page)
    assert 0 < sent_of(marketing) < PEOPLE
    seen = sent_of(manager)
    smsc.say(last.to, "退订")
    expect(manager.locator("#run-progress progress")).not_to_have_attribute("value", str(seen), timeout=SOON)
    for page in (marketing, manager):
        expect(page.locator("main")).to_contain_text("finished", timeout=SOON)
        expect(page.locator("#run-progress")).to_contain_text(f"delivered {PEOPLE - 1}", timeout=SOON)
        assert narrow(page)

    last.refresh_from_db()
    assert (last.state, last.reason) == ("suppressed", "opted_out")
    everybody_else = Message.objects.filter(run=row.run).exclude(pk=last.pk)
    assert smsc.seen == {message.to.lstrip("+"): 1 for message in everybody_else}
    marketing.get_by_role("link", name="Person by person").first.click()
    expect(marketing.locator("tr[data-row]")).to_have_count(PEOPLE)
    expect(marketing.locator("tr[data-row]", has_text="not sent")).to_have_count(1)

    lin.reload()
    expect(lin.locator("main")).to_contain_text("客户")
    expect(lin.locator("main tr[data-row]", has_text=gone.customer.name)).to_have_count(0)
    assert not CallTask.objects.open().filter(lead=gone).exists()
    marketing.goto("/campaigns/broadcasts/new/")
    marketing.locator("input[name=grades][value=A]").check()
    expect(marketing.locator("#sample .figure b").first).to_have_text(str(PEOPLE - 1))
    expect(marketing.locator("#sample")).to_contain_text("1 more has said no")
