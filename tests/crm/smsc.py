"""An SMSC for one test: the project's own, in a thread, on a port of its own."""

from __future__ import annotations

import asyncio
import io
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from crm.gateways.secrets import seal
from crm.models import Gateway, Project
from crm.smsc import pdus
from crm.smsc.behaviour import Behaviour, Control
from crm.smsc.server import Smsc, serve


class Running:
    """A running SMSC. `seen` counts the submits of each number."""

    def __init__(self, smsc: Smsc, log: io.StringIO, loop: asyncio.AbstractEventLoop) -> None:
        self.smsc, self.log, self.loop, self.port = smsc, log, loop, 0

    def say(self, number: str, text: str, to: str = "10690000") -> None:
        """A customer writes to the sender number, over whatever session is open."""
        body = pdus.deliver(number.lstrip("+"), to, text.encode("utf-16-be"))
        self.loop.call_soon_threadsafe(self.smsc.send, body)

    @property
    def seen(self) -> Counter[str]:
        return Counter(line.split()[0] for line in self.log.getvalue().splitlines())


@contextmanager
def running(*, tls: ssl.SSLContext | None = None, **behaviour: Any) -> Iterator[Running]:
    """`behaviour`: the fields of crm.smsc.behaviour.Behaviour."""
    log = io.StringIO()
    smsc = Smsc(Control(None, Behaviour(**{"receipt_delay": 0.0, **behaviour})), password="tests-42", log=log)
    started = threading.Event()
    loop = asyncio.new_event_loop()
    found = Running(smsc, log, loop)
    bound: list[int] = []
    tasks: list[asyncio.Task[None]] = []

    async def main() -> None:
        ready = asyncio.Event()
        tasks.append(asyncio.create_task(serve(smsc, "127.0.0.1", 0, ready, bound, tls)))
        await ready.wait()
        started.set()
        await asyncio.wait(tasks)

    thread = threading.Thread(target=lambda: loop.run_until_complete(main()), daemon=True)
    thread.start()
    assert started.wait(10)
    found.port = bound[0]
    try:
        yield found
    finally:
        loop.call_soon_threadsafe(tasks[0].cancel)
        thread.join(10)
        loop.close()


def smpp_gateway(project: Project, port: int, **values: Any) -> Gateway:
    """The project's line to an SMSC on this machine."""
    settings = {"host": "127.0.0.1", "port": port, "system_id": "crm", "source": "10690000"}
    return Gateway.objects.create(
        **{"project": project, "name": "smpp", "kind": "smpp", "is_default": True, "rate": 5000, "window": 50,
           "settings": settings | values.pop("settings", {}), "secret": seal("tests-42"), **values}
    )  # fmt: skip
