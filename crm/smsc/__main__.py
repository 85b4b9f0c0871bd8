"""`python -m crm.smsc --port 2775 --control var/smsc.json`: the SMSC of a demo."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from crm.smsc.behaviour import Control
from crm.smsc.server import Smsc, serve


async def _run(options: argparse.Namespace) -> None:
    control = Control(options.control)
    control.refresh()
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    log = options.log.open("a", encoding="utf-8", buffering=1) if options.log else None
    smsc = Smsc(control, password=options.password, log=log)
    bound: list[int] = []
    ready = asyncio.Event()
    serving = asyncio.create_task(serve(smsc, options.host, options.port, ready, bound))
    try:
        await ready.wait()
        sys.stdout.write(f"listening {bound[0]}\n")
        sys.stdout.flush()
        await serving
    except asyncio.CancelledError:
        serving.cancel()
    finally:
        if log is not None:
            log.close()


def main() -> int:
    """Refuse to be part of a production."""
    if os.environ.get("CRM_ENV") == "production":
        sys.stderr.write("The demo SMSC does not run in production.\n")
        return 1
    parser = argparse.ArgumentParser(prog="python -m crm.smsc")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=2775)
    parser.add_argument("--password", default="")
    parser.add_argument(
        "--control", type=Path, help="JSON file with chances and delays, see crm/smsc/behaviour.py"
    )
    parser.add_argument("--log", type=Path, help="a line for every submit that was seen")
    asyncio.run(_run(parser.parse_args()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
