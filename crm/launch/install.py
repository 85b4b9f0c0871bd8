"""The virtual environment: made once, filled from a hashed lock, refilled when the lock changes."""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path

from crm.launch.binaries import LaunchError

LARGER = {"run": "dev"}  # the lock that holds all of the other


def ensure(root: Path, lock: str) -> Path:
    """Return the Python of `root`/.venv with requirements/`lock`.txt installed. Raises LaunchError."""
    venv = root / ".venv"
    python = venv / "bin" / "python"
    if any(_stamp(venv, name) == _digest(root, name) for name in (lock, LARGER.get(lock, lock))) and _works(
        python
    ):
        return python
    if not _works(python):
        _create(venv)
    print(f"Installing requirements/{lock}.txt into .venv (once; about half a minute) ...", flush=True)
    # The lock names everything. Without --no-deps pip resolves once more, meets `coverage[toml]` before the pinned
    # `coverage`, takes the newest release on the index and refuses it for want of a hash.
    pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--require-hashes"]
    done = subprocess.run([*pip, "--no-deps", "-r", f"requirements/{lock}.txt"], cwd=root, check=False)
    if done.returncode != 0:
        raise LaunchError("pip could not install the requirements; its own words stand above.")
    _stamp_path(venv, lock).write_text(_digest(root, lock))
    return python


def _create(venv: Path) -> None:
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise LaunchError("Python's venv module is missing; install it: apt-get install -y python3-venv")
    print(f"Making {venv} ...", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(venv)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise LaunchError(f"python -m venv failed: {(done.stderr or done.stdout).strip()}")


def _works(python: Path) -> bool:
    try:
        return subprocess.run([str(python), "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _digest(root: Path, lock: str) -> str:
    return hashlib.sha256((root / "requirements" / f"{lock}.txt").read_bytes()).hexdigest()


def _stamp_path(venv: Path, lock: str) -> Path:
    return venv / f"installed-{lock}"


def _stamp(venv: Path, lock: str) -> str:
    try:
        return _stamp_path(venv, lock).read_text()
    except OSError:
        return ""
