"""Children in order: started first to last, watched, restarted, ended last to first."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from crm.launch.binaries import LaunchError
from crm.launch.process import stop

QUICK_DEATHS = 5  # so many within the window end the product
WINDOW = 60.0  # seconds
LONGEST_WAIT = 8.0  # seconds between a death and the next start


def tail(log: Path, lines: int = 5) -> str:
    """The last lines of a log, indented."""
    if not log.exists():
        return ""
    return "\n".join("    " + line for line in log.read_text(errors="replace").splitlines()[-lines:])


@dataclass
class Child:
    """One long-running part. `patience`: seconds that it gets to end by itself."""

    name: str
    log: Path
    launch: Callable[[], subprocess.Popen[bytes]]
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 10.0
    process: subprocess.Popen[bytes] | None = None
    deaths: list[float] = field(default_factory=list)
    restart_at: float | None = None

    def start(self) -> subprocess.Popen[bytes]:
        self.process = self.launch()
        self.restart_at = None
        return self.process


class Supervisor:
    """Watches children in one thread: the kernel ties a child to the thread that made it."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.children: list[Child] = []
        self.say = say

    def add(self, child: Child) -> Child:
        """Start a child and keep it running from now on."""
        child.start()
        self.children.append(child)
        return child

    def check(self, now: float) -> None:
        """One look at every child. Raises LaunchError when one keeps dying."""
        for child in self.children:
            if child.restart_at is not None:
                if now >= child.restart_at:
                    child.start()
                continue
            if child.process is None or child.process.poll() is None:
                continue
            self._died(child, now)

    def _died(self, child: Child, now: float) -> None:
        assert child.process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.process.pid, signal.SIGKILL)  # what it left behind holds its port and its tasks
        child.deaths = [moment for moment in child.deaths if now - moment < WINDOW] + [now]
        how = f"{child.name} ended by itself (exit code {child.process.returncode}; log: {child.log})"
        if len(child.deaths) >= QUICK_DEATHS:
            raise LaunchError(
                f"{how} {len(child.deaths)} times within {WINDOW:.0f} s. Giving up.\n{tail(child.log)}"
            )
        wait = min(LONGEST_WAIT, 0.5 * 2 ** (len(child.deaths) - 1))
        self.say(f"{how}; starting it again in {wait:g} s.")
        child.restart_at = now + wait

    def watch(self, interval: float = 0.25) -> None:
        """Until an exception (Ctrl-C among them) ends it."""
        while True:
            self.check(time.monotonic())
            time.sleep(interval)

    def stop(self) -> None:
        """End all, the last started first, each before the next."""
        for child in reversed(self.children):
            if child.process is not None:
                stop(child.process, child.stop_signal, child.patience)
