"""Child processes that end when their parent does."""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Account:
    """The operating-system user that the embedded servers run as."""

    uid: int
    gid: int


def server_account() -> Account | None:
    """`nobody` for root, as whom PostgreSQL refuses to run; None (stay who we are) for everybody else."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def give(path: Path, account: Account | None) -> None:
    """Make `path` private to the account that the servers run as."""
    path.chmod(0o700)
    if account is not None:
        os.chown(path, account.uid, account.gid)


def _tie_to_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    """What the child runs before exec, or None where the kernel has no such thing.

    1. libc is loaded here, in the parent: after the change of user it may be unreadable.
    2. The child sets its death signal after the change of user, which would clear it.
    3. A parent that died between fork and 2 sends nothing any more, so the child looks once.
    """
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def tie() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return tie


def end_with_parent(death_signal: signal.Signals = signal.SIGTERM) -> None:
    """Ask the kernel to signal this process when its own parent (make) is gone."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)


def spawn(
    argv: Sequence[str],
    *,
    cwd: Path,
    log: Path,
    env: Mapping[str, str] | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
    account: Account | None = None,
    output: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a long-running child in its own session, so that a terminal's Ctrl-C reaches only the launcher.

    Both streams go to `log`; with `output` what it prints goes there and only its complaints to `log`.
    Call it from the main thread: the kernel ties a child to the thread that started it.
    """
    with log.open("ab") as complaints, (output or log).open("ab") as printed:
        return subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=dict(env) if env is not None else None,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=complaints,
            start_new_session=True,
            preexec_fn=_tie_to_parent(death_signal),
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )


def run_as(
    argv: Sequence[str], *, cwd: Path, account: Account | None, text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a short command as the servers' account; the caller looks at the return code."""
    return subprocess.run(
        list(argv),
        cwd=cwd,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def stop(process: subprocess.Popen[bytes], how: signal.Signals, patience: float) -> None:
    """Ask a child to end; after `patience` seconds end its whole session."""
    if process.poll() is not None:
        return
    process.send_signal(how)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
