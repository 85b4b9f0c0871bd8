"""A product started as a person starts it, in a data folder of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from crm.launch import probe

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds; only a failure takes that long


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def until(what: Callable[[], bool], patience: float = PATIENCE) -> bool:
    """Whether `what` came true within `patience` seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if what():
            return True
        time.sleep(0.05)
    return False


@dataclass
class Product:
    """A launcher on `data`, its output in `output`."""

    data: Path
    port: int
    output: Path
    process: subprocess.Popen[bytes]

    def healthy(self) -> bool:
        return probe.healthy("127.0.0.1", self.port, "localhost")[0]

    def said(self) -> str:
        return self.output.read_text()

    def wait_ready(self) -> None:
        assert until(lambda: "Ready:" in self.said() or self.process.poll() is not None)
        assert "Ready:" in self.said(), self.said()

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)

    def processes(self) -> dict[int, str]:
        """Every living process that works on the data folder: by its environment or its working directory."""
        mark = f"CRM_DATA={self.data}".encode()
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                at_home = (entry / "cwd").readlink().is_relative_to(self.data)
                if at_home or mark in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
        return found

    def process_of(self, word: str) -> int:
        """The oldest process with `word` on its command line."""
        return min(pid for pid, command in self.processes().items() if word in command)


def environment(data: Path, **more: str) -> dict[str, str]:
    kept = {
        key: value
        for key, value in os.environ.items()
        if key not in ("DATABASE_URL", "REDIS_URL", "MAKELEVEL", "DJANGO_SETTINGS_MODULE")
        and not key.startswith("CRM_")
    }
    return kept | {"CRM_DATA": str(data), "CRM_DEMO": "0", **more}


def start(folder: Path, port: int | None = None) -> Product:
    """Start the launcher; `wait_ready` waits for its page."""
    data, port = folder / "data", port or free_port()
    output = folder / "output.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "crm.launch", "run", "--port", str(port)],
            cwd=ROOT, env=environment(data), stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
        )  # fmt: skip
    return Product(data.resolve(), port, output, process)
