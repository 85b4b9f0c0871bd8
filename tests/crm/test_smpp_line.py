"""The SMPP line itself: TLS with a known and an unknown certificate, and enquire_link in both directions."""

from __future__ import annotations

import datetime as dt
import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from crm.gateways import open_line, smpp
from crm.gateways.line import Fate, LineDown, Outgoing
from crm.models import Gateway
from crm.outbox import draining
from crm.smsc import pdus
from crm.smsc.server import Session
from tests.crm.smsc import Running, running, smpp_gateway
from tests.factories import AT, make_project

pytestmark = pytest.mark.django_db
LONG = "好" * 150  # three parts each


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Key and self-signed certificate of "localhost" in one file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "smsc.pem"
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, plain)
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def tls_of(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_over_tls_everything_goes_and_comes_back_without_waiting_for_the_socket(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers and receipts of one TLS record are read without another look at the socket: no pause of half a second."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with running(tls=tls_of(certificate)) as smsc:
        gateway = smpp_gateway(
            make_project(), smsc.port, window=100, settings={"host": "localhost", "tls": True}
        )
        line = open_line(gateway)
        batch = [Outgoing(n, 1, f"+86139{n:08}", LONG) for n in range(200)]
        began = time.monotonic()
        answers = line.send(batch, latest=began + 20)
        took = time.monotonic() - began
        assert {answer.fate for answer in answers.values()} == {Fate.ACCEPTED}
        until, reports = time.monotonic() + 10, 0
        while reports < 600 and time.monotonic() < until:
            reports = len(line.take(wait=0.2)[0])
        line.acknowledge()
        line.close()
    assert (sum(smsc.seen.values()), reports) == (600, 600)
    assert took < 10


def test_over_tls_an_unknown_certificate_is_no_line(certificate: Path) -> None:
    with running(tls=tls_of(certificate)) as smsc:
        gateway = smpp_gateway(make_project(), smsc.port, settings={"host": "localhost", "tls": True})
        with pytest.raises(LineDown, match="no connection"):
            open_line(gateway)
        plain = smpp_gateway(
            make_project(), smsc.port, name="plain", settings={"host": "localhost", "tls": False}
        )
        with pytest.raises(LineDown):
            open_line(plain)
    assert not smsc.seen


def heard(smsc: Running, name: str) -> bool:
    until = time.monotonic() + 5
    while not getattr(smsc.smsc, name) and time.monotonic() < until:
        time.sleep(0.02)
    return bool(getattr(smsc.smsc, name))


def test_a_quiet_line_asks_whether_the_other_side_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with running() as smsc:
        line = open_line(smpp_gateway(make_project(), smsc.port))
        line.take(wait=0.05)
        assert smsc.smsc.enquiries == 0
        monkeypatch.setattr(smpp, "ENQUIRE_AFTER", 0.1)
        time.sleep(0.2)
        line.take()
        assert heard(smsc, "enquiries")
        assert line.take(wait=0.2) == ([], [])  # its answer is nothing to store
        line.close()


def test_a_carrier_that_does_not_answer_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp, "ENQUIRE_AFTER", 0.0)
    monkeypatch.setattr(smpp, "ANSWER_WITHIN", 0.2)
    answered = Session.handle

    def deaf(self: Session, command: int, sequence: int, body: bytes) -> None:
        if command != pdus.ENQUIRE:
            answered(self, command, sequence, body)

    with running() as smsc:
        line = open_line(smpp_gateway(make_project(), smsc.port))
        for _asked_and_answered in range(3):
            line.take(wait=0.05)
            time.sleep(0.25)
        monkeypatch.setattr(Session, "handle", deaf)
        line.take(wait=0.05)
        line.take(wait=0.05)
        with pytest.raises(LineDown, match="stopped answering"):
            line.take(wait=0.5)
        line.close()


def drained(gateway: Gateway, *, stays: bool) -> float:
    """Seconds that a drain of at most three lasts when there is nothing to send."""
    started = time.monotonic()
    draining.drain(gateway_id=gateway.pk, seconds=3.0, clock=lambda: AT, stays=stays)
    return time.monotonic() - started


def test_a_line_with_nothing_to_send_listens_and_asks_until_another_one_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(smpp, "ENQUIRE_AFTER", 0.5)
    with running() as smsc:
        gateway = smpp_gateway(make_project(), smsc.port)
        assert drained(gateway, stays=True) > 2.9
        assert smsc.smsc.enquiries > 1
        assert drained(gateway, stays=False) < 2.5
        other = smpp_gateway(make_project(), smsc.port, ticked_at=AT - dt.timedelta(seconds=5))
        assert drained(gateway, stays=True) > 2.9  # it had its turn a tick ago
        Gateway.objects.filter(pk=other.pk).update(ticked_at=AT - dt.timedelta(seconds=7))
        assert drained(gateway, stays=True) < 2.5


def test_a_carrier_that_asks_is_answered() -> None:
    with running() as smsc:
        line = open_line(smpp_gateway(make_project(), smsc.port))
        assert heard(smsc, "sessions")
        session = smsc.smsc.sessions[0]
        session.loop.call_soon_threadsafe(session.write, pdus.frame(pdus.ENQUIRE, 0, 77))
        line.take(wait=2.0)
        assert heard(smsc, "answers")
        line.close()
