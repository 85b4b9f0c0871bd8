"""What nobody sees in a text: control characters, line breaks in one line, characters that turn the order of the rest."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from campaigns.models import Milestone
from crm import clock
from crm.api_fields import Text
from crm.forms_base import BaseForm
from crm.models import Occasion, User
from crm.plain_text import plain_line, plain_text
from crm.roles import Role
from leads.models import LeadEvent
from tests import factories
from tests.api.hands import Caller
from tests.crm.screens import signed_in
from tests.leads.stage import Stage, set_stage
from tests.pictures import png

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 2, 6, 0, tzinfo=dt.UTC)
HIDDEN = (
    "\x00",
    "\x07",
    "\x1b",
    "\x7f",
    "\x9f",
    "\u200b",
    "\u200e",
    "\u202e",
    "\u2066",
    "\u2069",
    "\ufeff",
    "\U000e0041",
)
UNSEEN = "".join(HIDDEN)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any) -> Stage:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    settings.MEDIA_ROOT = tmp_path
    return set_stage()


@pytest.mark.parametrize("hidden", [*HIDDEN, "\ud800"])
def test_it_is_taken_out_of_a_text(hidden: str) -> None:
    assert plain_text(f"王{hidden}芳") == "王芳"


def test_what_is_seen_stays() -> None:
    for text in ("王 小明", "　尊敬的", "👨‍👩‍👧", "a\nb", "\ue000", "𠮷", ""):
        assert plain_text(text) == text
    assert plain_text("a\r\nb\rc\u2028d\te") == "a\nb\nc\nd e"
    assert plain_line("a\r\nb\u2029c") == "a b c"


class Fields(BaseForm):
    line = forms.CharField(max_length=4)
    lines = forms.CharField(widget=forms.Textarea, required=False)
    password = forms.CharField(widget=forms.PasswordInput, strip=False, required=False)


def test_a_form_checks_keeps_and_shows_again_what_is_seen() -> None:
    form = Fields({"line": f"王{UNSEEN}\n芳x", "lines": f"a{UNSEEN}\r\nb", "password": " a\u200b\tb "})
    assert form.is_valid(), form.errors
    assert form.cleaned_data == {"line": "王 芳x", "lines": "a\nb", "password": " a\u200b\tb "}
    assert UNSEEN not in str(form["line"])
    assert set(Fields({"line": UNSEEN}).errors) == {"line"}
    assert Text().run_validation(f"王{UNSEEN}芳") == "王芳"


def test_names_of_people_and_things_hold_none(stage: Stage) -> None:
    root, wu = signed_in(factories.make_user(Role.SYSTEM_ADMINISTRATOR)), signed_in(stage.wu)
    where = reverse("crm:user_edit", args=[stage.mei.pk])
    assert (
        root.post(
            where,
            {"username": stage.mei.username, "name": f"梅{UNSEEN}\n清", "aliases": f"小{UNSEEN}梅\n阿梅"},
        ).status_code
        == 302
    )
    stage.mei.refresh_from_db()
    assert (stage.mei.name, stage.mei.aliases) == ("梅 清", ["小梅", "阿梅"])
    for name in ("mei\u202eqing", "mei\nqing"):
        root.post(where, {"username": name, "name": "梅清"})
        assert (
            plain_line(User.objects.get(pk=stage.mei.pk).username)
            == User.objects.get(pk=stage.mei.pk).username
        )
    days = {"starts_on": "2026-01-01", "ends_on": "2099-01-01"}
    wu.post(
        reverse("crm:occasion_new"),
        {"kind": "offer", "title": f"98{UNSEEN}\r\n折", "text": f"a{UNSEEN}\r\nb", **days},
    )
    assert [(row.title, row.text) for row in Occasion.objects.all()] == [("98 折", "a\nb")]
    lead = stage.visitor("王芳", "13800138000", at=NOW).lead
    signed_in(stage.lin).post(
        reverse("leads:lead_name", args=[lead.pk]), {"name": f"王\u202e{UNSEEN}方", "salutation": "ms"}
    )
    lead.customer.refresh_from_db()
    assert lead.customer.name == "王方"


def test_the_api_stores_none_either(stage: Stage) -> None:
    lead = stage.visitor("王芳", "13800138000", at=NOW).lead
    lin = Caller(stage.lin)
    body = {"outcome": "talked", "news": f"下周{UNSEEN}\r\n回来", "happened_at": "2026-03-02T14:00:00+08:00"}
    assert lin.post(f"leads/{lead.pk}/contacts/", body).status == 201
    event = LeadEvent.objects.filter(contact__isnull=False).latest("pk")
    assert event.contact is not None
    assert event.contact.news == "下周\n回来"


def test_a_line_break_in_a_title_breaks_no_header(stage: Stage) -> None:
    marketing = signed_in(factories.make_user(Role.MARKETING, stage.project))
    form = {
        "kind": "opening",
        "title": "open\r\nSet-Cookie: a=b",
        "day": "2026-03-20",
        "notice_day": "2026-03-10",
        "body": "{day}开盘。",
        "grades": ["A"],
        "referrals": "call",
    }
    assert marketing.post(reverse("campaigns:milestone_new"), form).status_code == 302
    row = Milestone.objects.get()
    assert row.title == "open Set-Cookie: a=b"
    photo = SimpleUploadedFile("a.png", png(640, 480))
    marketing.post(reverse("campaigns:milestone_photo_store", args=[row.pk]), {"photo": photo})
    for title in ("open\r\nSet-Cookie: a=b", 'a"; filename="x.html', "../../x", "开盘\n"):
        Milestone.objects.update(title=title)  # as an import or an older version may have left it
        answer = marketing.get(reverse("campaigns:milestone_photo", args=[row.pk]))
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert "Set-Cookie" not in answer.headers
        assert not set("\r\n") & set(answer.headers["Content-Disposition"])
