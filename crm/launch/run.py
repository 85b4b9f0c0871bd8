"""`make run`: from a folder to the first page, and back to nothing on Ctrl-C."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from crm.launch import probe
from crm.launch.binaries import LaunchError
from crm.launch.process import end_with_parent, server_account, spawn
from crm.launch.servers import Postgres, Server, Valkey, endpoints, prepare_sockets, wait_ready
from crm.launch.supervisor import Child, Supervisor, tail

WEB_PATIENCE = 60.0  # seconds until the first page must answer
# How the demo's carrier behaves at first: most is delivered, some people answer, a little goes wrong.
SMSC = {
    "answer_delay": 0.02,
    "receipt_delay": 2.0,
    "undelivered": 0.03,
    "reply": 0.03,
    "silent": 0.0,
    "doubled": 0.05,
}
LOG_LIMIT = 5_000_000  # bytes; a larger log is set aside at the next start


def say(text: str) -> None:
    print(text, flush=True)


def check_port(host: str, port: int) -> None:
    """Raise LaunchError when nothing can listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as problem:
            hint = "choose another: make run PORT=8001"
            raise LaunchError(f"Port {port} on {host} cannot be used ({problem.strerror}); {hint}") from None
        except OverflowError:
            raise LaunchError(f"{port} is no port; choose one from 1024 to 65535.") from None


@contextlib.contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Hold the data folder: two products on the same data would mean two schedulers."""
    with (data / "run.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            hint = "stop it or set CRM_DATA to another folder"
            raise LaunchError(f"The product already runs on {data} (process {holder}); {hint}.") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


class Product:
    """The parts of one running product, in the order they need each other."""

    def __init__(self, root: Path, data: Path, host: str, port: int) -> None:
        self.root, self.data, self.host, self.port = root, data, host, port
        self.logs = data / "logs"
        self.env = os.environ | {
            "CRM_DATA": str(data),
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SETTINGS_MODULE": "crm.settings",
        }
        self.supervisor = Supervisor(say)

    def log(self, name: str) -> Path:
        path = self.logs / f"{name}.log"
        if path.exists() and path.stat().st_size > LOG_LIMIT:
            path.replace(path.with_suffix(".log.1"))
        return path

    def start_servers(self) -> None:
        """PostgreSQL and Valkey, unless the environment names others; both start at the same time."""
        sockets = endpoints(self.data).folder
        prepare_sockets(sockets, server_account())
        servers: list[Server] = []
        if "DATABASE_URL" not in os.environ:
            servers.append(Postgres(self.data / "postgres", sockets, self.log("postgres")))
        if "REDIS_URL" not in os.environ:
            servers.append(Valkey(self.data / "valkey", sockets, self.log("valkey")))
        for server in servers:
            server.create()
            self.supervisor.add(
                Child(server.name, server.log, server.start, server.stop_signal, patience=20.0)
            )
        for server, child in zip(servers, self.supervisor.children, strict=True):
            assert child.process is not None
            wait_ready(server, child.process)

    def manage(self, *words: str) -> str:
        """Run a management command and return what it printed. Raises LaunchError with the end of its log."""
        log, output = self.log("manage"), self.logs / "manage.out"
        output.unlink(missing_ok=True)
        argv = [sys.executable, "manage.py", *words]
        process = spawn(argv, cwd=self.root, env=self.env, log=log, output=output)
        try:
            code = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        if code != 0:
            raise LaunchError(f"manage.py {words[0]} failed; the end of {log}:\n{tail(log, 8)}")
        return output.read_text(errors="replace")

    def python(self, name: str, *words: str, death_signal: signal.Signals = signal.SIGTERM) -> Child:
        """`death_signal`: what the part gets when the launcher was killed and nobody waits for it any more."""
        argv, log = [sys.executable, "-m", *words], self.log(name)

        def launch() -> subprocess.Popen[bytes]:
            return spawn(argv, cwd=self.root, env=self.env, log=log, death_signal=death_signal)

        return Child(name, log, launch)

    def start_web(self) -> None:
        """gunicorn; returns when /healthz answers."""
        where = f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
        words = ["gunicorn", "-c", "python:crm.gunicorn_conf", "--bind", where]
        child = self.supervisor.add(self.python("web", *words))
        asked = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        deadline = time.monotonic() + WEB_PATIENCE
        while True:
            well, text = probe.healthy(asked, self.port, "localhost")
            if well:
                return
            assert child.process is not None
            if child.process.poll() is not None or time.monotonic() > deadline:
                raise LaunchError(
                    f"The web did not start ({text}); the end of {child.log}:\n{tail(child.log, 12)}"
                )
            time.sleep(0.05)

    def start_smsc(self) -> None:
        """The demo's carrier (crm/smsc/), on a port that the data folder keeps; knobs in smsc.json beside it."""
        if not (self.data / "smsc-port").exists():
            return
        port = (self.data / "smsc-port").read_text().strip()
        words = ["crm.smsc", "--port", port, "--password", "demo", "--control", str(self.data / "smsc.json")]
        self.supervisor.add(self.python("smsc", *words))

    def start_background(self) -> None:
        """A worker, another for the lines that messages leave by, and exactly one scheduler."""
        (self.data / "beat").mkdir(exist_ok=True)
        worker = ["worker", "--loglevel", "INFO", "--without-mingle"]
        beat = ["beat", "--loglevel", "INFO", "--pidfile=", "-s", str(self.data / "beat" / "schedule")]
        # A warm shutdown would wait for tasks whose database and broker end at the same moment. A cold one (SIGQUIT)
        # was lost on workers that had just started and went on looking for their broker. Children end with their pipe.
        self.supervisor.add(
            self.python("worker", "celery", "-A", "crm", *worker, death_signal=signal.SIGKILL)
        )
        queues = "gateway.console,gateway.http,gateway.smpp"
        lines = [*worker, "-Q", queues, "-n", "sender@%h", "--concurrency", "2"]
        self.supervisor.add(self.python("sender", "celery", "-A", "crm", *lines, death_signal=signal.SIGKILL))
        self.supervisor.add(self.python("beat", "celery", "-A", "crm", *beat))


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(root: Path, host: str, port: int) -> int:
    """Start everything, stay until Ctrl-C (or SIGTERM, SIGHUP), end everything. Returns the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    if "MAKELEVEL" in os.environ:
        end_with_parent()
    data = Path(os.environ.get("CRM_DATA") or root / "var").resolve()
    (data / "logs").mkdir(parents=True, exist_ok=True)
    with only_one(data):
        product = Product(root, data, host, port)
        try:
            start(product)
            product.supervisor.watch()
        except KeyboardInterrupt:
            say("\nStopping ...")
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            product.supervisor.stop()
            with contextlib.suppress(OSError):
                endpoints(data).folder.rmdir()
        say("Stopped; the data stays in " + str(data))
    return 0


def start(product: Product) -> None:
    """The steps of a start, in order."""
    say("Starting PostgreSQL and Valkey ...")
    product.start_servers()
    say("Preparing the database ...")
    product.manage("migrate_once", "--verbosity", "1")
    logins = demo(product)
    say("Starting the web, the worker and the scheduler ...")
    product.start_web()
    product.start_smsc()
    product.start_background()
    name = "localhost" if product.host in ("127.0.0.1", "0.0.0.0", "::1", "::") else product.host  # noqa: S104
    say(f"\n    Ready: http://{name}:{product.port}/\n")
    if logins:
        say("\n".join("    " + line for line in logins.strip().splitlines()) + "\n")
    say(f"    Logs: {product.logs}    Stop: Ctrl-C\n")


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def demo(product: Product) -> str:
    """Fill an empty database once and return the logins to show; "" without demo data.

    They are kept beside the embedded database, so that later starts need not load the product to ask for them.
    """
    if os.environ.get("CRM_DEMO") == "0" or not any(product.root.glob("*/management/commands/demo.py")):
        return ""
    kept, made = product.data / "demo-logins.txt", product.data / "postgres" / "PG_VERSION"
    embedded = "DATABASE_URL" not in os.environ
    if embedded and kept.exists() and kept.stat().st_mtime >= made.stat().st_mtime:
        return kept.read_text()
    (product.data / "smsc-port").write_text(str(free_port()))
    (product.data / "smsc.json").write_text(json.dumps(SMSC, indent=2))
    product.env["CRM_SMSC_PORT"] = (product.data / "smsc-port").read_text()
    product.manage("demo", "--if-empty")
    product.manage("demo_campaigns")
    logins = product.manage("demo", "--logins")
    if embedded:
        kept.write_text(logins)
    return logins
