"""How tests sign in as people do, and what the app on a person's phone would show."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from crm import clock
from crm import rules_totp as totp
from crm.actions import factors
from crm.actions.sealing import unseal
from crm.models import User
from tests.factories import PASSWORD

LOGIN, CODE, ME = "/accounts/login/", "/accounts/login/second-factor/", "/accounts/me/"
FACTOR, CONFIRM = "/accounts/factor/", "/accounts/factor/confirm/"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36"
OLD_ANDROID = "Mozilla/5.0 (Linux; Android 10) AppleWebKit/537.36 Chrome/90.0 Mobile Safari/537.36"
NOW = dt.datetime(2026, 3, 2, 2, 0, tzinfo=dt.UTC)


class Ticking:
    """The product's clock: it stands still until it is told to go on."""

    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> dt.datetime:
        return self.moment

    def pass_seconds(self, seconds: float) -> None:
        self.moment += dt.timedelta(seconds=seconds)


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> Ticking:
    ticks = Ticking()
    monkeypatch.setattr(clock, "now", ticks.now)
    return ticks


def browser(device: str = CHROME, **headers: str) -> Client:
    return Client(headers={"accept-language": "en", "user-agent": device, **headers})


def enter(client: Client, user: User | str, password: str = PASSWORD, **more: str) -> Any:
    name = user if isinstance(user, str) else user.username
    return client.post(LOGIN, {"login": name, "password": password, **more})


def is_in(client: Client) -> bool:
    return client.get("/notices/").status_code == 200


def phone(user: User, at: dt.datetime, steps: int = 0) -> str:
    """What the person's app shows, some time steps away from `at`."""
    row = Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP)
    secret = totp.as_bytes(unseal(row.data["secret"]))
    return totp.code_of(secret, totp.counter_at(at.timestamp()) + steps)


def equip(user: User, at: dt.datetime) -> list[str]:
    """Give a user a second factor that was set up long ago. Returns the recovery codes."""
    before = at - dt.timedelta(days=1)
    offered = factors.offer(user=user, at=before)
    code = totp.code_of(offered.secret, totp.counter_at(before.timestamp()))
    codes = factors.set_up(user=user, offered=offered, code=code, keep="", at=before)
    user.refresh_from_db()
    return codes


def offered_by(answer: Any) -> tuple[str, str]:
    """The sealed offer and the code its app would show, from the page with the QR code."""
    said = answer.content.decode()
    offer = re.search(r'name="offer" value="([^"]+)"', said)
    secret = re.search(r'<code class="secret">([^<]+)</code>', said)
    assert offer
    assert secret
    counter = totp.counter_at(clock.now().timestamp())
    return offer[1], totp.code_of(totp.as_bytes(secret[1].replace(" ", "")), counter)
