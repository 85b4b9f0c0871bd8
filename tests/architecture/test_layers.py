"""Who may import whom (docs/architecture.md): pure, models, facts, actions, edges; and who may write."""

from __future__ import annotations

import ast
import sys

import pytest

from tests.architecture.source import PACKAGES, Module, modules

# Pure files by name, whatever app they stand in.
PURE = {
    "bilingual", "calendar_files", "clause", "clauses", "compose", "contact_cap", "errors", "festivals", "names",
    "phones", "plain_text", "policy", "registers", "roles", "rules", "sampling", "scripts", "segments", "states", "vocabulary",
    "workdays",
}  # fmt: skip
THIRD_PARTY_OF_PURE = {
    "phonenumbers": "",
    "python_calamine": "leads.registers",
    "lunar_python": "crm.festivals",
}
EDGES = {"views", "api", "tasks", "admin", "management"}
COMPOSITION = {"crm.settings", "crm.urls", "crm.celery"}
APPS_BELOW = {
    "crm": {"crm"},
    "leads": {"crm", "leads"},
    "campaigns": {"crm", "leads", "campaigns"},
    "aftersales": {"crm", "leads", "aftersales"},
}


def layer(name: str) -> str:
    """The layer of a dotted name: pure, clock, access, models, facts, actions, an edge's kind, or `other`."""
    parts = name.split(".")[1:]
    if not parts:
        return "other"
    head = parts[0]
    if head in PURE or head.startswith(("rules", "clauses_")):
        return "pure"
    for kind in ("models", "facts", "actions"):
        if head == kind or head.startswith(f"{kind}_"):
            return kind
    if head in ("outbox", "gateways"):
        return "actions"
    if head in ("clock", "access"):
        return head
    for kind in EDGES:
        if head == kind or head.startswith(f"{kind}_"):
            return kind
    return "other"


MAY_IMPORT = {
    "pure": {"pure"},
    "clock": set[str](),
    "models": {"pure", "clock", "access", "models"},
    "access": {"pure", "models"},
    "facts": {"pure", "clock", "access", "models", "facts"},
    "actions": {"pure", "clock", "access", "models", "facts", "actions"},
}


def wrong_imports(module: Module) -> list[str]:
    """Every import of `module` that its layer does not allow."""
    own, wrong = layer(module.name), []
    for line, target in module.imports():
        app = target.split(".")[0]
        where = f"{module.path}:{line} imports {target}"
        if app not in PACKAGES:
            if own == "pure" and not _outside_is_pure(module.name, app):
                wrong.append(f"{where}: pure files know only the standard library")
            if own in ("models", "facts", "actions") and target.startswith(("django.http", "rest_framework")):
                wrong.append(f"{where}: requests stop at the edge")
            continue
        if app not in APPS_BELOW[module.app] and module.name not in COMPOSITION:
            wrong.append(f"{where}: {module.app} stands below {app}")
        other = layer(target)
        if own in MAY_IMPORT and other not in MAY_IMPORT[own] and target != app:
            wrong.append(f"{where}: {own} may not know {other}")
        if own in EDGES and other in EDGES and own != other:
            wrong.append(f"{where}: edges do not know each other")
    return wrong


def _outside_is_pure(name: str, package: str) -> bool:
    home = THIRD_PARTY_OF_PURE.get(package)
    return package in sys.stdlib_module_names or (home is not None and name.startswith(home))


def test_every_import_follows_the_layers() -> None:
    assert [problem for module in modules() for problem in wrong_imports(module)] == []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("leads.rules", "from django.db import models"),
        ("leads.rules_bins", "from crm import clock"),
        ("leads.rules", "def f():\n    from leads.models import Lead"),
        ("leads.models.leads", "from leads.facts import histories"),
        ("leads.facts", "from leads.actions.contacts import log"),
        ("leads.actions.contacts", "from leads.views.today import today"),
        ("leads.actions.contacts", "from django.http import HttpRequest"),
        ("leads.views.today", "from leads.tasks import settle"),
        ("crm.models.people", "from leads.models import Lead"),
        ("crm.actions.people", "import leads.actions"),
        ("campaigns.actions", "from aftersales.models import Case"),
    ],
)
def test_a_wrong_import_is_seen(name: str, source: str) -> None:
    assert wrong_imports(Module(f"{name}.py", name, ast.parse(source)))


WRITES = {
    "save",
    "create",
    "bulk_create",
    "bulk_update",
    "get_or_create",
    "update_or_create",
    "update",
    "delete",
}
QUERY = ("objects", ".filter(", ".exclude(", ".visible_to(", ".all()", "select_for_update(")


def writes(module: Module) -> list[str]:
    """Calls in an edge that change the database by themselves: `x.save()` and writes on a manager or queryset."""
    found = []
    for node in ast.walk(module.tree):
        if not (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES
        ):
            continue
        receiver = ast.unparse(node.func.value)
        saves = node.func.attr == "save" and "form" not in receiver
        if saves or any(mark in receiver for mark in QUERY):
            found.append(f"{module.path}:{node.lineno} {receiver}.{node.func.attr}(...)")
    return found


def test_edges_write_only_through_actions() -> None:
    edges = [module for module in modules() if layer(module.name) in EDGES]
    assert edges
    assert [problem for module in edges for problem in writes(module)] == []


@pytest.mark.parametrize(
    "source", ["lead.save()", "Lead.objects.create(a=1)", "Lead.objects.filter(a=1).update(b=2)"]
)
def test_a_write_at_the_edge_is_seen(source: str) -> None:
    assert writes(Module("leads/views.py", "leads.views", ast.parse(source)))


def test_apps_do_not_talk_through_signals() -> None:
    signals = ("django.db.models.signals", "django.dispatch", "django.core.signals")
    assert [
        f"{module.path}:{line} {target}"
        for module in modules()
        for line, target in module.imports()
        if target.startswith(signals)
    ] == []
