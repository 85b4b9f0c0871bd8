"""What a bare machine may lack is said in one line each; nothing but the standard library is needed to say it."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crm.launch import browser, install
from crm.launch.binaries import LaunchError
from crm.launch.servers import Endpoints, endpoints, prepare_sockets

ROOT = Path(__file__).resolve().parents[2]
LAUNCHER = sorted((ROOT / "crm" / "launch").glob("*.py"))


def test_the_launcher_needs_only_the_standard_library() -> None:
    assert (ROOT / "crm/__init__.py").read_text() == ""
    for path in LAUNCHER:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                known = name.split(".")[0] in sys.stdlib_module_names or name.startswith("crm.launch")
                assert known, f"{path.name} imports {name}"


def test_an_old_python_is_refused_in_one_line() -> None:
    entry = ROOT / "crm/launch/__main__.py"
    ast.parse(entry.read_text(), feature_version=(3, 4))
    code = f"import sys, runpy; sys.version_info = (3, 9, 2); runpy.run_path({str(entry)!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        "Python 3.11 or newer is needed; this is 3.9. Name a newer one: make run PYTHON=python3.11\n"
    )


def test_a_missing_venv_module_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "requirements").mkdir()
    for name in ("run", "dev"):
        (tmp_path / "requirements" / f"{name}.txt").write_text("")
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else find(name))
    with pytest.raises(LaunchError, match="apt-get install -y python3-venv") as caught:
        install.ensure(tmp_path, "run")
    assert "\n" not in str(caught.value)


def test_the_environment_is_made_once_and_again_when_the_lock_changes(tmp_path: Path) -> None:
    (tmp_path / "requirements").mkdir()
    for name in ("run", "dev"):
        (tmp_path / "requirements" / f"{name}.txt").write_text("")
    python = install.ensure(tmp_path, "run")
    assert python == tmp_path / ".venv/bin/python"
    stamp = tmp_path / ".venv/installed-run"
    first = stamp.stat().st_mtime_ns
    install.ensure(tmp_path, "run")
    assert stamp.stat().st_mtime_ns == first
    (tmp_path / "requirements/run.txt").write_text("# changed\n")
    install.ensure(tmp_path, "run")
    assert stamp.stat().st_mtime_ns != first


def test_what_development_installed_also_serves_a_run(tmp_path: Path) -> None:
    (tmp_path / "requirements").mkdir()
    for name in ("run", "dev"):
        (tmp_path / "requirements" / f"{name}.txt").write_text(f"# {name}\n")
    install.ensure(tmp_path, "dev")
    install.ensure(tmp_path, "run")
    assert not (tmp_path / ".venv/installed-run").exists()


def test_in_ci_a_missing_browser_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(LaunchError, match="Chromium is missing"):
        browser.ensure()
    monkeypatch.delenv("CI")
    browser.ensure()


def test_socket_paths_are_short_wherever_the_data_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/" + "very-long-name/" * 20)
    found = endpoints(tmp_path / ("deep/" * 30))
    assert len(f"{found.folder}/.s.PGSQL.5432") <= 107
    assert found == endpoints(tmp_path / ("deep/" * 30))
    assert found != endpoints(tmp_path)


def test_a_socket_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    where = Endpoints(tmp_path / "crm-1")
    (tmp_path / "elsewhere").mkdir()
    where.folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LaunchError, match="belongs to another user"):
        prepare_sockets(where.folder, None)


def test_pip_installs_the_lock_as_it_stands_and_resolves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new release on the index (seen: coverage, asked for with an extra) must never reach an old clone."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements/dev.txt").write_text("")
    (tmp_path / "requirements/run.txt").write_text("")
    install.ensure(tmp_path, "dev")
    asked: list[list[str]] = []
    real = subprocess.run

    def listening(command: list[str], **options: Any) -> subprocess.CompletedProcess[Any]:
        asked.append(command)
        return real(command, **options)

    monkeypatch.setattr(subprocess, "run", listening)
    (tmp_path / "requirements/dev.txt").write_text("# changed\n")
    install.ensure(tmp_path, "dev")
    pip = next(command for command in asked if "install" in command)
    assert {"--require-hashes", "--no-deps"} <= set(pip)
