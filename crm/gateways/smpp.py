"""SMPP 3.4 over TCP, optionally TLS: one transceiver, a window of submits, receipts and replies by deliver_sm.

The PDUs are smpplib's (LGPL, kept as a library); the loop, the splitting and the deadlines are ours.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import select
import socket
import ssl
import struct
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from smpplib import consts, smpp
from smpplib.exceptions import PDUError, UnknownCommandError

from crm import clock
from crm.gateways import gsm, guard
from crm.gateways.line import SOCKET_TIMEOUT, Answer, Fate, Line, LineDown, Outgoing, Reply, Report
from crm.gateways.secrets import secret_of
from crm.models import Gateway
from crm.phones import parse
from crm.rules_messages import Refusal

REFUSALS: dict[int, Refusal] = {
    consts.SMPP_ESME_RTHROTTLED: Refusal.THROTTLED,
    consts.SMPP_ESME_RMSGQFUL: Refusal.THROTTLED,
    consts.SMPP_ESME_RINVDSTADR: Refusal.BAD_NUMBER,
    consts.SMPP_ESME_RINVDSTTON: Refusal.BAD_NUMBER,
    consts.SMPP_ESME_RINVDSTNPI: Refusal.BAD_NUMBER,
    # carriers' own codes begin at 0x400; a gateway's settings may name its own under "codes"
    0x401: Refusal.BLACKLIST,
    0x402: Refusal.SIGNATURE,
    0x403: Refusal.TEMPLATE,
    0x404: Refusal.KEYWORD,
    0x405: Refusal.BALANCE,
}
ENQUIRE_AFTER = (
    4.0  # seconds of silence; a line that only listens is open for twelve (crm.tasks.DRAIN_SECONDS)
)
ANSWER_WITHIN = 5.0  # seconds; whoever does not answer is not there
AGAIN = 0.2  # seconds before a throttled part of a message whose other parts are gone is tried again
STATE_TLV_DELIVERED = 2
RECEIPT_TEXT = re.compile(rb"id:(\S+).*?stat:(\w+)(?:.*?err:(\w+))?", re.DOTALL)
LARGEST = 64 * 1024
SUBMIT_RESP = 0x80000004


@dataclass
class _Tracked:
    """One message of a batch: what is left of it, what was answered."""

    of: int
    refs: dict[int, str] = field(default_factory=dict)
    written: int = 0
    refused: int = 0  # the status that refused a part
    tries: int = 0


class SmppLine(Line):
    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway)
        self.sequence = 0
        self.buffer = bytearray()
        self.pending: dict[int, tuple[int, int, bytes]] = {}
        self.tracked: dict[int, _Tracked] = {}
        self.again: list[tuple[float, tuple[int, int, bytes]]] = []
        self.reports: list[Report] = []
        self.replies: list[Reply] = []
        self.unacknowledged: list[int] = []
        self.broken = ""
        self.refusals = REFUSALS | _codes(gateway)
        self.heard_at = time.monotonic()
        self.asked_at: float | None = None
        self.socket = self._connect()
        try:
            self._bind()
        except (OSError, LineDown):
            self.socket.close()
            raise

    # connecting
    def _connect(self) -> socket.socket:
        settings = self.gateway.settings
        host, port = str(settings.get("host", "")), int(settings.get("port", 2775))
        try:
            address = guard.resolve(host, port)
            raw = socket.create_connection((address, port), timeout=SOCKET_TIMEOUT / 2)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if settings.get("tls"):
                raw = ssl.create_default_context().wrap_socket(raw, server_hostname=host)
        except guard.Forbidden as refused:
            raise LineDown(str(refused)) from None
        except OSError as problem:
            raise LineDown(f"no connection: {problem.strerror or type(problem).__name__}") from None
        raw.settimeout(SOCKET_TIMEOUT)
        return raw

    def _bind(self) -> None:
        settings = self.gateway.settings
        pdu = smpp.make_pdu(
            "bind_transceiver",
            client=self,
            system_id=str(settings.get("system_id", "")),
            password=secret_of(self.gateway),
            system_type=str(settings.get("system_type", "")),
            interface_version=0x34,
            addr_ton=0,
            addr_npi=0,
            address_range="",
        )
        self._write(pdu.generate())
        until = time.monotonic() + SOCKET_TIMEOUT
        while time.monotonic() < until:
            for command, status, _sequence, body in self._read(until - time.monotonic()):
                if command == 0x80000009:
                    if status:
                        raise LineDown(f"the carrier refused the login (0x{status:X})")
                    return
                self._handle(command, status, _sequence, body)
        raise LineDown("the carrier did not answer the login")

    def next_sequence(self) -> int:
        """smpplib asks its client for the next sequence number."""
        self.sequence = self.sequence % 0x7FFFFFFF + 1
        return self.sequence

    # sending
    def send(self, batch: Sequence[Outgoing], *, latest: float) -> dict[int, Answer]:
        self.pending.clear()
        self.again.clear()
        queue: deque[tuple[int, int, bytes]] = deque()
        self.tracked = {}
        for each in batch:
            parts = list(self._submits(each))
            self.tracked[each.message_id] = _Tracked(len(parts))
            queue.extend((each.message_id, number, data) for number, data in enumerate(parts, 1))
        try:
            self._exchange(queue, latest)
        except (OSError, LineDown) as problem:
            self.broken = f"the line was cut ({type(problem).__name__})"
        return {message_id: self._answer(each) for message_id, each in self.tracked.items()}

    def _submits(self, each: Outgoing) -> Iterator[bytes]:
        """The submit_sm of each part; the sequence number is put in when it is written."""
        coding, parts = gsm.octets(each.text)
        for number, data in enumerate(parts, 1):
            pdu = smpp.make_pdu(
                "submit_sm",
                client=self,
                source_addr_ton=0,
                source_addr_npi=1,
                source_addr=str(self.gateway.settings.get("source", "")),
                dest_addr_ton=1,
                dest_addr_npi=1,
                destination_addr=each.to.lstrip("+"),
                esm_class=consts.SMPP_GSMFEAT_UDHI if len(parts) > 1 else 0,
                data_coding=coding,
                registered_delivery=1,
                user_message_reference=each.short,
                short_message=(gsm.header(each.message_id, number, len(parts)) if len(parts) > 1 else b"")
                + data,
            )
            yield pdu.generate()

    def _exchange(self, queue: deque[tuple[int, int, bytes]], latest: float) -> None:
        """Keep the window full until everything is answered, the time is over, or nobody answers."""
        quiet_since = time.monotonic()
        while queue or self.pending or self.again:
            now = time.monotonic()
            while self.again and self.again[0][0] <= now:
                queue.append(self.again.pop(0)[1])
            if now >= latest:
                queue.clear()
                self.again.clear()
            self._write_window(queue, latest)
            if not self.pending:
                if not self.again:
                    return
                time.sleep(AGAIN / 4)
                continue
            heard = False
            for pdu in self._read(0.5):
                heard = True
                self._handle(*pdu)
            if heard:
                quiet_since = time.monotonic()
            elif time.monotonic() - quiet_since > SOCKET_TIMEOUT:
                raise LineDown("the carrier stopped answering")

    def _write_window(self, queue: deque[tuple[int, int, bytes]], latest: float) -> None:
        """Write as much as the window takes, in one go; the clock is looked at right before the write."""
        out = []
        while queue and len(self.pending) < self.gateway.window:
            message_id, part, data = queue.popleft()
            number = self.next_sequence()
            self.pending[number] = (message_id, part, data)
            out.append((message_id, data[:12] + struct.pack(">I", number) + data[16:], number, part))
        if not out:
            return
        if time.monotonic() >= latest:
            for _message_id, _data, number, _part in out:
                del self.pending[number]
            return
        for message_id, _data, _number, _part in out:
            self.tracked[message_id].written += 1
        self.socket.sendall(b"".join(data for _message_id, data, _number, _part in out))

    def _answer(self, each: _Tracked) -> Answer:
        if len(each.refs) == each.of:
            return Answer(Fate.ACCEPTED, tuple(each.refs[part] for part in sorted(each.refs)))
        if each.written == 0:
            return Answer(Fate.UNSENT)
        code = f"0x{each.refused:X}" if each.refused else ""
        if each.refused and not each.refs and each.written == each.tries:
            refusal = self.refusals.get(each.refused, Refusal.OTHER)
            fate = Fate.UNSENT if refusal is Refusal.THROTTLED else Fate.REFUSED
            return Answer(fate, refusal=refusal, code=code)
        return Answer(Fate.UNKNOWN, code=code)  # unanswered, or some parts gone and others not

    # hearing
    def take(self, *, wait: float = 0.0) -> tuple[list[Report], list[Reply]]:
        if self.broken:
            raise LineDown(self.broken)
        try:
            for pdu in self._read(wait):
                self._handle(*pdu)
            self._ask_when_quiet()
        except OSError:
            raise LineDown("the line was cut") from None
        return list(self.reports), list(self.replies)

    def _ask_when_quiet(self) -> None:
        now = time.monotonic()
        if self.asked_at is not None:
            if now - self.asked_at > ANSWER_WITHIN:
                raise LineDown("the carrier stopped answering")
        elif now - self.heard_at > ENQUIRE_AFTER:
            self._write(smpp.make_pdu("enquire_link", client=self).generate())
            self.asked_at = now

    def acknowledge(self) -> None:
        out = b"".join(
            struct.pack(">IIIIB", 17, 0x80000005, 0, sequence, 0) for sequence in self.unacknowledged
        )
        self.reports, self.replies, self.unacknowledged = [], [], []
        try:
            self._write(out)
        except OSError:
            raise LineDown("the line was cut") from None

    @property
    def listens(self) -> bool:
        return True

    def close(self) -> None:
        with contextlib.suppress(OSError):
            if not self.broken:
                self._write(smpp.make_pdu("unbind", client=self).generate())
            self.socket.close()

    # the wire
    def _write(self, data: bytes) -> None:
        if data:
            self.socket.sendall(data)

    def _read(self, wait: float) -> list[tuple[int, int, int, bytes]]:
        """Whole PDUs that have come in, waiting up to `wait` seconds for the first."""
        # TLS hands out a record at a time: what is decrypted already does not show on the socket.
        if not (isinstance(self.socket, ssl.SSLSocket) and self.socket.pending()):
            ready, _w, _x = select.select([self.socket], [], [], max(0.0, wait))
            if not ready:
                return []
        data = self.socket.recv(LARGEST)
        if not data:
            raise LineDown("the carrier closed the line")
        self.heard_at, self.asked_at = time.monotonic(), None
        self.buffer += data
        found, position = [], 0
        while len(self.buffer) - position >= 16:
            length, command, status, sequence = struct.unpack_from(">IIII", self.buffer, position)
            if not 16 <= length <= LARGEST:
                raise LineDown("the carrier sent something that is not SMPP")
            if len(self.buffer) - position < length:
                break
            found.append((command, status, sequence, bytes(self.buffer[position : position + length])))
            position += length
        del self.buffer[:position]
        return found

    def _handle(self, command: int, status: int, sequence: int, raw: bytes) -> None:
        if command == SUBMIT_RESP:
            self._submitted(status, sequence, raw[16:])
        elif command == 5:
            self._delivered(sequence, raw)
        elif command == 0x15:
            self._write(struct.pack(">IIII", 16, 0x80000015, 0, sequence))
        elif command == 6:
            self._write(struct.pack(">IIII", 16, 0x80000006, 0, sequence))
            raise LineDown("the carrier ended the session")

    def _submitted(self, status: int, sequence: int, body: bytes) -> None:
        known = self.pending.pop(sequence, None)
        each = self.tracked.get(known[0]) if known else None
        if known is None or each is None:
            return
        if not status:
            each.refs[known[1]] = body.split(b"\0", 1)[0].decode("ascii", "replace")[:64]
        elif each.of > 1 and self.refusals.get(status) is Refusal.THROTTLED:
            # Its other parts may be gone already: this one is tried again while there is time.
            each.written -= 1
            self.again.append((time.monotonic() + AGAIN, known))
        else:
            each.refused = status
            each.tries += 1

    def _delivered(self, sequence: int, raw: bytes) -> None:
        self.unacknowledged.append(sequence)
        try:
            pdu: Any = smpp.parse_pdu(raw, client=self, allow_unknown_opt_params=True)
        except (PDUError, UnknownCommandError, struct.error, ValueError, IndexError):
            return  # acknowledged all the same: it would only come again
        text = pdu.short_message or getattr(pdu, "message_payload", None) or b""
        sender = self._number((pdu.source_addr or b"").decode("ascii", "replace"))
        if (pdu.esm_class or 0) & 0x3C == 0x04:
            report = _report(pdu, text, sender)
            if report is not None:
                self.reports.append(report)
            return
        if (pdu.esm_class or 0) & 0x40 and text:
            text = text[text[0] + 1 :]
        self.replies.append(Reply(sender, gsm.text_of(text, pdu.data_coding or 0), _now()))

    def _number(self, raw: str) -> str:
        """A carrier's way of writing a number as ours."""
        for form in (f"+{raw.lstrip('+')}", raw):
            parsed = parse(form, self.gateway.project.region)
            if not parsed.problems and parsed.numbers:
                return parsed.numbers[0].identity
        return raw[:32]


def _report(pdu: Any, text: bytes, sender: str) -> Report | None:
    said = RECEIPT_TEXT.search(text)
    ref = getattr(pdu, "receipted_message_id", None) or (said[1] if said else b"")
    state = getattr(pdu, "message_state", None)
    word = said[2].upper() if said else b""
    if word in (b"ACCEPTD", b"ENROUTE", b"UNKNOWN") or not ref:
        return None  # on the way: the last word is still to come
    delivered = state == STATE_TLV_DELIVERED if state is not None else word == b"DELIVRD"
    short = getattr(pdu, "user_message_reference", None)
    return Report(
        ref.rstrip(b"\0").decode("ascii", "replace")[:64],
        "delivered" if delivered else "undelivered",
        _now(),
        code=(word + b":" + (said[3] or b"") if said else b"").decode("ascii", "replace")[:32],
        hint=f"{sender}:{short}" if short is not None else "",
    )


def _now() -> dt.datetime:
    """Carriers' stamps are in zones of their own; what counts is when it came."""
    return clock.now()


def _codes(gateway: Gateway) -> dict[int, Refusal]:
    """A gateway's own codes: {"0x45": "keyword"}."""
    known = {refusal.value for refusal in Refusal}
    return {
        int(code, 16): Refusal(word)
        for code, word in dict(gateway.settings.get("codes", {})).items()
        if word in known
    }
