"""The connection breaks while a contact is logged: the screen says so, keeps the input, and saves it once afterwards."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from crm.models import Contact
from tests.e2e.conftest import MORNING, SignIn, Ticking
from tests.leads.stage import set_stage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_contact_typed_without_connection_is_kept_and_saved_once(sign_in: SignIn, ticking: Ticking) -> None:
    stage = set_stage()
    lead = stage.visitor("王小芳", "13800138000", at=MORNING).lead
    page = sign_in(stage.lin, expected=("ERR_INTERNET_DISCONNECTED", "htmx:"))
    page.goto(f"/leads/{lead.pk}/log/")
    ticking.pass_minutes(2)
    page.locator(".choice", has_text="Talked").tap()
    page.get_by_label("News of the customer").fill("下周回杭州")
    page.context.set_offline(True)
    expect(page.locator("#offline")).to_contain_text("No connection. What you type is kept")
    page.get_by_role("button", name="Save", exact=True).tap()
    expect(page.locator("#offline")).to_be_visible()
    expect(page.get_by_label("News of the customer")).to_have_value("下周回杭州")
    assert not Contact.objects.exists()
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()
    page.get_by_role("button", name="Save", exact=True).tap()
    expect(page.locator(".last-entry")).to_be_visible()
    assert [contact.news for contact in Contact.objects.all()] == ["下周回杭州"]
