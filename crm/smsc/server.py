"""The SMSC itself: asyncio, one process, everything in memory but the log of what it was given."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import ssl
from collections import deque
from typing import TextIO

from crm.smsc import pdus
from crm.smsc.behaviour import CODES, Control
from crm.smsc.pdus import Submit, frame

RESENT_AFTER = 5.0  # seconds without an acknowledgement


class Smsc:
    """What all sessions share. A receipt or reply waits for a session, and comes again until it is acknowledged."""

    def __init__(self, control: Control, *, password: str = "", log: TextIO | None = None) -> None:
        self.control, self.password, self.log = control, password, log
        self.sessions: list[Session] = []
        self.waiting: deque[bytes] = deque()
        self.ids = itertools.count(1)
        self.submits = 0
        self.accepted = 0
        self.enquiries = self.answers = 0  # enquire_link, from a client and by a client

    def note(self, submit: Submit, fate: str) -> None:
        """Every submit that was seen is on the log before anything else happens to it."""
        self.submits += 1
        if self.log is not None:
            self.log.write(f"{submit.to} {submit.reference} {submit.part}/{submit.of} {fate}\n")

    def send(self, body: bytes) -> None:
        """Hand a deliver_sm to a session, or keep it for the next one."""
        if self.sessions:
            self.sessions[self.submits % len(self.sessions)].deliver(body)
        else:
            self.waiting.append(body)

    async def housekeeping(self) -> None:
        """Knobs, log, and receipts that nobody acknowledged."""
        while True:
            await asyncio.sleep(0.5)
            self.control.refresh()
            if self.log is not None:
                self.log.flush()
            now = asyncio.get_running_loop().time()
            for session in list(self.sessions):
                session.again(now)


class Session(asyncio.Protocol):
    """One connection."""

    def __init__(self, smsc: Smsc) -> None:
        self.smsc = smsc
        self.buffer = bytearray()
        self.sequence = itertools.count(1)
        self.unacknowledged: dict[int, tuple[float, bytes]] = {}
        self.transport: asyncio.Transport | None = None
        self.loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self in self.smsc.sessions:
            self.smsc.sessions.remove(self)
        for _since, body in self.unacknowledged.values():
            self.smsc.send(body)

    def write(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        try:
            for command, _status, sequence, body in pdus.frames(self.buffer):
                self.handle(command, sequence, body)
        except (ValueError, IndexError):
            self.write(frame(pdus.GENERIC_NACK, 3, 0))
            self.close()

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def handle(self, command: int, sequence: int, body: bytes) -> None:
        if command == pdus.SUBMIT:
            self.submit(sequence, pdus.read_submit(body))
        elif command in (pdus.BIND_TRX, pdus.BIND_TX, pdus.BIND_RX):
            self.bind(command, sequence, body)
        elif command == pdus.ENQUIRE:
            self.smsc.enquiries += 1
            self.write(frame(pdus.ENQUIRE | pdus.RESPONSE, 0, sequence))
        elif command == pdus.ENQUIRE | pdus.RESPONSE:
            self.smsc.answers += 1
        elif command == pdus.DELIVER | pdus.RESPONSE:
            self.unacknowledged.pop(sequence, None)
        elif command == pdus.UNBIND:
            self.write(frame(pdus.UNBIND | pdus.RESPONSE, 0, sequence))
            self.close()

    def bind(self, command: int, sequence: int, body: bytes) -> None:
        _system_id, password = pdus.read_bind(body)
        if self.smsc.password and password != self.smsc.password:
            self.write(frame(command | pdus.RESPONSE, 0x0E, sequence))
            self.close()
            return
        self.write(frame(command | pdus.RESPONSE, 0, sequence, b"smsc\0"))
        if command != pdus.BIND_TX:
            self.smsc.sessions.append(self)
            while self.smsc.waiting:
                self.deliver(self.smsc.waiting.popleft())

    def submit(self, sequence: int, submit: Submit) -> None:
        behaviour = self.smsc.control.behaviour
        fate = behaviour.fate(submit.to)
        self.smsc.note(submit, fate)
        answer = pdus.SUBMIT | pdus.RESPONSE
        if fate in CODES:
            self.later(behaviour.answer_delay, frame(answer, CODES[fate], sequence, b"\0"))
            return
        message_id = f"{next(self.smsc.ids):x}"
        self.smsc.accepted += 1
        early = behaviour.happens(behaviour.receipt_first)
        if submit.receipt:
            body = pdus.receipt(submit, message_id, fate != "undelivered")
            for _copy in range(2 if behaviour.happens(behaviour.doubled) else 1):
                if early:
                    self.smsc.send(body)
                else:
                    self.loop.call_later(behaviour.receipt_delay, self.smsc.send, body)
        if submit.part == submit.of and (words := behaviour.said(fate)):
            reply = pdus.deliver(submit.to, submit.source, words.encode("utf-16-be"))
            self.loop.call_later(behaviour.receipt_delay, self.smsc.send, reply)
        if fate == "cut":
            self.close()
        elif fate != "silent":
            self.later(behaviour.answer_delay, frame(answer, 0, sequence, message_id.encode() + b"\0"))

    def later(self, delay: float, data: bytes) -> None:
        if delay > 0:
            self.loop.call_later(delay, self.write, data)
        else:
            self.write(data)

    def deliver(self, body: bytes) -> None:
        sequence = next(self.sequence)
        self.unacknowledged[sequence] = (self.loop.time(), body)
        self.write(frame(pdus.DELIVER, 0, sequence, body))

    def again(self, now: float) -> None:
        """Send once more what was not acknowledged in time."""
        late = [key for key, (since, _body) in self.unacknowledged.items() if now - since > RESENT_AFTER]
        for key in late:
            self.deliver(self.unacknowledged.pop(key)[1])


async def serve(
    smsc: Smsc,
    host: str,
    port: int,
    ready: asyncio.Event | None = None,
    bound: list[int] | None = None,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Listen until cancelled; the port goes into `bound` (port 0 chooses one)."""
    server = await asyncio.get_running_loop().create_server(lambda: Session(smsc), host, port, ssl=tls)
    if bound is not None:
        bound.append(server.sockets[0].getsockname()[1])
    if ready is not None:
        ready.set()
    keeping = asyncio.create_task(smsc.housekeeping())
    try:
        async with server:
            await server.serve_forever()
    finally:
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping
