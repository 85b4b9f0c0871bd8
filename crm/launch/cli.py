"""What can be asked of the launcher."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from crm.launch import browser, install, probe, run
from crm.launch.binaries import LaunchError

ROOT = Path(__file__).resolve().parents[2]


def dispatch(argv: list[str]) -> int:
    """Run one command; what a person can put right ends in one line and exit code 1."""
    parser = argparse.ArgumentParser(prog="python3 -m crm.launch")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("setup", help="make .venv with everything for development")
    commands.add_parser("test", help="set up and run all tests; further words go to pytest", add_help=False)
    probing = commands.add_parser("healthz", help="ask a running product whether it is well")
    probing.add_argument("--host", default="127.0.0.1")
    probing.add_argument("--scheduler", action="store_true", help="its scheduler too")
    start = commands.add_parser("run", help="set up and start the product")
    start.add_argument("--host", default=os.environ.get("HOST") or "127.0.0.1")
    start.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))
    options, words = parser.parse_known_args(argv)
    if words and options.command != "test":
        parser.error(f"unknown: {' '.join(words)}")
    try:
        if options.command == "run":
            return _run(options.host, options.port)
        if options.command == "healthz":
            return probe.main(options.host, options.scheduler)
        python = install.ensure(ROOT, "dev")
        return _test(python, words) if options.command == "test" else 0
    except LaunchError as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(host: str, port: int) -> int:
    """In the virtual environment: start. Outside it: check, install, and become the Python inside it."""
    run.check_port(host, port)
    python = install.ensure(ROOT, "run")
    if Path(sys.prefix).resolve() == (ROOT / ".venv").resolve():
        return run.main(ROOT, host, port)
    os.chdir(ROOT)
    return os.execv(python, [str(python), "-m", "crm.launch", "run", "--host", host, "--port", str(port)])  # noqa: S606


def _test(python: Path, words: list[str]) -> int:
    browser.ensure()
    os.chdir(ROOT)
    arguments = words or ["-n", "2", "--dist", "loadgroup"]
    os.execv(python, [str(python), "-m", "pytest", *arguments])  # noqa: S606
