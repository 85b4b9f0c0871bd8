"""A carrier's agent over HTTP: a signed JSON POST for a batch. The contract stands in docs/gateway-http.md.

Receipts and replies come by signed callback (crm/views_callback.py), so this line hears nothing by itself.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from typing import Any

from crm import clock
from crm.gateways import guard, signing
from crm.gateways.line import SOCKET_TIMEOUT, Answer, Fate, Line, LineDown, Outgoing
from crm.gateways.secrets import secret_of
from crm.models import Gateway
from crm.rules_messages import Refusal

AT_ONCE = 100
LARGEST = 1024 * 1024  # bytes of an answer
NOT_TAKEN = (400, 401, 403, 404, 405, 413, 415, 422)  # the agent says that it took nothing


class _Pinned(http.client.HTTPConnection):
    """A connection to the one address that was judged, whatever the name answers the next time."""

    def __init__(self, host: str, port: int, *, tls: bool) -> None:
        super().__init__(host, port, timeout=SOCKET_TIMEOUT)
        self.tls = tls

    def connect(self) -> None:
        self.sock = socket.create_connection((guard.resolve(self.host, self.port), self.port), self.timeout)
        if self.tls:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)


class HttpLine(Line):
    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway)
        try:
            scheme, host, port, self.path = guard.split_url(str(gateway.settings.get("url", "")))
            guard.resolve(host, port)
        except guard.Forbidden as refused:
            raise LineDown(str(refused)) from None
        self.secret = secret_of(gateway)
        if not self.secret:
            raise LineDown("no secret is set")
        self.connection = _Pinned(host, port, tls=scheme == "https")
        self.written = False

    def send(self, batch: Sequence[Outgoing], *, latest: float) -> dict[int, Answer]:
        answers: dict[int, Answer] = {}
        for start in range(0, len(batch), AT_ONCE):
            some = batch[start : start + AT_ONCE]
            if time.monotonic() >= latest:
                answers |= {each.message_id: Answer(Fate.UNSENT) for each in some}
                continue
            answers |= self._send(some)
        return answers

    def _send(self, some: Sequence[Outgoing]) -> dict[int, Answer]:
        messages = [
            {"id": each.reference, "to": each.to, "text": each.text}
            | ({"template": each.template, "values": dict(each.values or {})} if each.template else {})
            for each in some
        ]
        try:
            status, told = self._post("", {"messages": messages})
        except OSError:
            # Before the first byte was written nothing can have been taken.
            fate = Fate.UNKNOWN if self.written else Fate.UNSENT
            return {each.message_id: Answer(fate, code="cut") for each in some}
        if status == 429:
            slow = Answer(Fate.UNSENT, refusal=Refusal.THROTTLED, code="429")
            return {each.message_id: slow for each in some}
        if status in NOT_TAKEN:
            raise_later = Answer(Fate.UNSENT, code=str(status))
            self.down = f"the agent answers {status}"
            return {each.message_id: raise_later for each in some}
        results = _results(told) if status == 200 else {}
        return {each.message_id: _answer(results.get(each.reference), status) for each in some}

    down = ""

    def take(self, *, wait: float = 0.0) -> tuple[list[Any], list[Any]]:
        if self.down:
            raise LineDown(self.down)
        return [], []

    def query(self, batch: Sequence[Outgoing]) -> dict[int, Answer]:
        found: dict[int, Answer] = {}
        for start in range(0, len(batch), AT_ONCE):
            some = batch[start : start + AT_ONCE]
            try:
                status, told = self._post("/query", {"ids": [each.reference for each in some]})
            except OSError:
                return found
            results = _results(told) if status == 200 else {}
            for each in some:
                said = results.get(each.reference, {})
                if said.get("status") == "accepted":
                    found[each.message_id] = Answer(Fate.ACCEPTED, _refs(said))
                elif said.get("status") == "absent":
                    found[each.message_id] = Answer(Fate.UNSENT)
        return found

    def balance(self) -> str:
        try:
            status, told = self._post("/balance", {})
        except OSError as problem:
            raise LineDown(f"no answer ({type(problem).__name__})") from None
        if status != 200:
            raise LineDown(f"the agent answers {status}")
        return str(told.get("balance", ""))[:40] if isinstance(told, dict) else ""

    def _post(self, below: str, body: Mapping[str, Any]) -> tuple[int, Any]:
        """One signed request. OSError when it failed; `self.written` tells whether anything had left by then."""
        data, path = json.dumps(body, ensure_ascii=False).encode(), self.path.rstrip("/") + below or "/"
        self.written = False
        try:
            self.connection.close()
            self.connection.connect()
            self.written = True
            now = int(clock.now().timestamp())
            key = str(self.gateway.settings.get("key", ""))
            self.connection.request("POST", path, data, signing.headers(self.secret, key, now, path, data))
            answer = self.connection.getresponse()
            raw = answer.read(LARGEST)
        except guard.Forbidden as refused:
            raise LineDown(str(refused)) from None
        except http.client.HTTPException as problem:
            raise OSError(type(problem).__name__) from None
        try:
            return answer.status, json.loads(raw)
        except ValueError:
            return answer.status if answer.status != 200 else 502, None

    def close(self) -> None:
        self.connection.close()


def _results(told: Any) -> dict[str, dict[str, Any]]:
    rows = told.get("results", []) if isinstance(told, dict) else []
    return {str(row["id"]): row for row in rows if isinstance(row, dict) and "id" in row}


def _refs(said: Mapping[str, Any]) -> tuple[str, ...]:
    refs = said.get("refs", [])
    return tuple(str(ref)[:64] for ref in refs) if isinstance(refs, list) else ()


def _answer(said: Mapping[str, Any] | None, status: int) -> Answer:
    """What one result means; a message that the agent does not mention may have been sent."""
    if said is not None and said.get("status") == "accepted":
        return Answer(Fate.ACCEPTED, _refs(said))
    if said is not None and said.get("status") == "refused":
        known = {refusal.value for refusal in Refusal}
        refusal = Refusal(said["class"]) if said.get("class") in known else Refusal.OTHER
        fate = Fate.UNSENT if refusal is Refusal.THROTTLED else Fate.REFUSED
        return Answer(fate, refusal=refusal, code=str(said.get("code", ""))[:32])
    return Answer(Fate.UNKNOWN, code=str(status))
