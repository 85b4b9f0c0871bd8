"""SMPP 3.4 as an SMSC needs it: frames, a submit_sm taken apart, a deliver_sm put together."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

HEADER = struct.Struct(">IIII")
LARGEST = 64 * 1024
GENERIC_NACK, BIND_RX, BIND_TX, SUBMIT, DELIVER, UNBIND, BIND_TRX, ENQUIRE = (
    0x80000000,
    1,
    2,
    4,
    5,
    6,
    9,
    0x15,
)
RESPONSE = 0x80000000
REFERENCE, RECEIPTED_ID, STATE = 0x0204, 0x001E, 0x0427
DELIVERED, UNDELIVERABLE = 2, 5


@dataclass(frozen=True, slots=True)
class Submit:
    """What a submit_sm says. `reference`: user_message_reference, or None; `part`, `of`: from the UDH."""

    source: str
    to: str
    text: bytes
    coding: int
    receipt: bool
    reference: int | None
    part: int
    of: int


def frame(command: int, status: int, sequence: int, body: bytes = b"") -> bytes:
    """One PDU."""
    return HEADER.pack(16 + len(body), command, status, sequence) + body


def frames(buffer: bytearray) -> Iterator[tuple[int, int, int, bytes]]:
    """Take whole PDUs off the front of a buffer: command, status, sequence, body. ValueError for nonsense."""
    position = 0
    while len(buffer) - position >= 16:
        length, command, status, sequence = HEADER.unpack_from(buffer, position)
        if not 16 <= length <= LARGEST:
            raise ValueError("no PDU")
        if len(buffer) - position < length:
            break
        yield command, status, sequence, bytes(buffer[position + 16 : position + length])
        position += length
    del buffer[:position]


def _string(body: bytes, at: int) -> tuple[str, int]:
    end = body.index(0, at)
    return body[at:end].decode("ascii"), end + 1


def read_bind(body: bytes) -> tuple[str, str]:
    """system_id and password."""
    system_id, at = _string(body, 0)
    return system_id, _string(body, at)[0]


def read_submit(body: bytes) -> Submit:
    """Take a submit_sm apart. ValueError or IndexError for nonsense."""
    _service, at = _string(body, 0)
    source, at = _string(body, at + 2)
    to, at = _string(body, at + 2)
    esm_class = body[at]
    _schedule, at = _string(body, at + 3)
    _validity, at = _string(body, at)
    receipt, coding, length = body[at], body[at + 2], body[at + 4]
    text, rest = body[at + 5 : at + 5 + length], body[at + 5 + length :]
    part = of = 1
    if esm_class & 0x40 and text:
        udh = text[: text[0] + 1]
        text = text[text[0] + 1 :]
        if udh[1:3] == b"\x00\x03":
            of, part = udh[4], udh[5]
    reference = None
    while len(rest) >= 4:
        tag, size = struct.unpack_from(">HH", rest)
        if tag == REFERENCE:
            reference = int.from_bytes(rest[4 : 4 + size], "big")
        rest = rest[4 + size :]
    return Submit(source, to, text, coding, bool(receipt & 1), reference, part, of)


def deliver(
    source: str, to: str, text: bytes, *, coding: int = 8, esm_class: int = 0, tlvs: bytes = b""
) -> bytes:
    """The body of a deliver_sm."""
    return b"".join(
        (
            b"\0\1\1", source.encode(), b"\0\1\1", to.encode(), b"\0",
            bytes((esm_class, 0, 0)), b"\0\0", bytes((0, 0, coding, 0, len(text))), text, tlvs,
        )
    )  # fmt: skip


def receipt(submit: Submit, message_id: str, delivered: bool) -> bytes:
    """The body of a deliver_sm that is a delivery receipt."""
    state, word = (DELIVERED, "DELIVRD") if delivered else (UNDELIVERABLE, "UNDELIV")
    done, error = int(delivered), "000" if delivered else "027"
    dates = "submit date:2601010000 done date:2601010000"
    text = f"id:{message_id} sub:001 dlvrd:{done:03} {dates} stat:{word} err:{error} text:"
    tlvs = struct.pack(">HH", RECEIPTED_ID, len(message_id) + 1) + message_id.encode() + b"\0"
    tlvs += struct.pack(">HHB", STATE, 1, state)
    if submit.reference is not None:
        tlvs += struct.pack(">HHH", REFERENCE, 2, submit.reference)
    return deliver(submit.to, submit.source, text.encode(), coding=0, esm_class=4, tlvs=tlvs)
