"""Where the servers' programs lie, and a copy of them when the servers' account cannot reach the originals."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import sys
import tempfile
from pathlib import Path

from crm.launch.process import Account, run_as


class LaunchError(Exception):
    """Something the person at the keyboard can put right; the text is the one line that is printed."""


def package(name: str) -> Path:
    """The folder of an installed package, found without importing it."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise LaunchError(f"The package {name} is not installed in {sys.prefix}; run: make setup")
    return Path(spec.origin).parent


def runnable(folder: Path, tree: str, program: str, account: Account | None) -> Path:
    """`folder`/`tree`, or its copy in the temp folder when the account cannot reach it (a venv below a 0700 home).

    A wheel keeps shared libraries beside its package, in `folder`.libs; the copy keeps that neighbourhood.
    """
    if account is None or _works(folder / tree / program, account):
        return folder / tree
    identity = hashlib.sha256((folder / tree / program).read_bytes()).hexdigest()[:12]
    home = Path("/tmp") / f"crm-{Path(program).name}-{identity}"  # noqa: S108 - ownership is checked below
    copy = home / folder.name / tree
    if _ours(home) and _works(copy / program, account):
        return copy
    fresh = Path(tempfile.mkdtemp(prefix="crm-copy-", dir="/tmp"))
    shutil.copytree(folder / tree, fresh / folder.name / tree, symlinks=True)
    libraries = folder.with_name(folder.name + ".libs")
    if libraries.exists():
        shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
    fresh.chmod(0o755)
    if _ours(home):
        shutil.rmtree(home)  # what a temp cleaner left of an earlier copy
    try:
        fresh.rename(home)
    except OSError:
        copy = fresh / folder.name / tree  # another start was faster, or the name is somebody else's
    if not _works(copy / program, account):
        raise LaunchError(
            f"{copy / program} does not run; is /tmp mounted noexec? Set DATABASE_URL and REDIS_URL."
        )
    return copy


def _ours(home: Path) -> bool:
    return home.is_dir() and not home.is_symlink() and home.stat().st_uid == os.geteuid()


def _works(program: Path, account: Account) -> bool:
    try:
        return run_as([str(program), "--version"], cwd=Path("/"), account=account).returncode == 0
    except OSError:
        return False
