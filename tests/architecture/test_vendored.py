"""The browser gets only what the content security policy allows: our own files, no inline code, known icons."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from crm.labels import BINS, DUE
from crm.navigation import TABLE
from tests.architecture.source import ROOT

STATIC = ROOT / "crm/static"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
INLINE = {
    "a script without src": re.compile(r"<script(?![^>]*\bsrc=)", re.I),
    "a style element": re.compile(r"<style\b", re.I),
    "a style attribute": re.compile(r"<[^>]*\sstyle=", re.I | re.S),
    "an event attribute": re.compile(r"<[^>]*\son[a-z]+\s*=", re.I | re.S),
    "hx-on, which needs eval": re.compile(r"\bhx-on\b", re.I),
    "a script address": re.compile(r"=\s*[\"']?\s*javascript:", re.I),
    "a foreign host": re.compile(r"(?:src|href|action|hx-get|hx-post)=[\"']?(?:https?:)?//", re.I),
}
ICON_TAG = re.compile(r"{%\s*icon\s+\"([^\"]+)\"")
ICON_PARAMETER = re.compile(r"_partials/empty\.html\"[^%]*\bicon=\"([^\"]+)\"")
STATIC_TAG = re.compile(r"{%\s*static\s+'([^']+)'")


def refused(text: str) -> list[str]:
    """What in a template the browser would refuse to run or load."""
    return [name for name, pattern in INLINE.items() if pattern.search(text)]


def test_templates_hold_nothing_the_policy_refuses() -> None:
    assert TEMPLATES
    found = {str(path.relative_to(ROOT)): refused(path.read_text()) for path in TEMPLATES}
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        "<style>p{}</style>",
        '<p class="a"\n style="color:red">',
        '<a onclick="go()">',
        '<b hx-on:click="x">',
        '<a href="javascript:x">',
        '<script src="https://cdn.example/x.js"></script>',
        '<img src="//cdn.example/x.png">',
    ],
)
def test_what_the_policy_refuses_is_seen(source: str) -> None:
    assert refused(source)


def test_stylesheets_load_nothing_from_elsewhere() -> None:
    sheets = sorted(STATIC.rglob("*.css"))
    assert sheets
    foreign = re.compile(r"@import|url\((?!\s*['\"]?data:)")
    assert [str(sheet) for sheet in sheets if foreign.search(sheet.read_text())] == []


def _known_icons() -> set[str]:
    sprite = (STATIC / "vendor/tabler-icons/icons.svg").read_text()
    return set(re.findall(r'<symbol id="([^"]+)"', sprite))


def _used_icons() -> dict[str, str]:
    used = {mark.icon: "crm/labels.py" for mark in (*BINS.values(), *DUE.values())}
    used |= {entry.icon: "crm/navigation.py" for _, entries in TABLE for entry in entries}
    for path in TEMPLATES:
        text = path.read_text()
        used |= dict.fromkeys((*ICON_TAG.findall(text), *ICON_PARAMETER.findall(text)), path.name)
    return used


def test_every_icon_is_in_the_sprite() -> None:
    known = _known_icons()
    assert {name: where for name, where in _used_icons().items() if name not in known} == {}


def test_the_sprite_holds_the_icons_of_the_lock() -> None:
    lock = json.loads((STATIC / "vendor.lock.json").read_text())
    listed = {
        icon for package in lock["packages"] for file in package["files"] for icon in file.get("icons", ())
    }
    assert _known_icons() == listed


def test_every_static_file_that_a_template_names_exists() -> None:
    named = {(name, path.name) for path in TEMPLATES for name in STATIC_TAG.findall(path.read_text())}
    assert named
    assert {pair for pair in named if finders.find(pair[0]) is None} == set()


def test_every_vendored_package_keeps_its_licence() -> None:
    lock = json.loads((STATIC / "vendor.lock.json").read_text())
    for package in lock["packages"]:
        licences = [file["to"] for file in package["files"] if Path(file["to"]).name == "LICENSE"]
        assert licences, package["name"]
        assert "Copyright" in (STATIC / "vendor" / licences[0]).read_text()
