"""One-time codes against the vectors of RFC 6238 and RFC 4226; no code twice; devices and addresses in a few words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from crm import rules_totp as totp
from crm.rules_devices import device_of, shorten
from tests.crm.signing import CHROME, OLD_ANDROID

SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"),
        (2000000000, "279037"), (20000000000, "353130"),
    ],
)  # fmt: skip
def test_the_vectors_of_rfc_6238(seconds: int, code: str) -> None:
    assert totp.code_of(SECRET, totp.counter_at(seconds)) == code
    assert totp.matching_counter(SECRET, code, seconds) == seconds // 30


@pytest.mark.parametrize(
    ("counter", "code"), list(enumerate(["755224", "287082", "359152", "969429", "338314"]))
)
def test_the_vectors_of_rfc_4226(counter: int, code: str) -> None:
    assert totp.code_of(SECRET, counter) == code


@given(some.integers(2, 10**8), some.integers(-4, 4))
def test_one_step_to_either_side_is_taken_and_no_more(now: int, distance: int) -> None:
    code = totp.code_of(SECRET, max(now + distance, 0))
    neighbours = {totp.code_of(SECRET, now + step) for step in (-1, 0, 1)}
    assert (totp.matching_counter(SECRET, code, now * 30) is not None) == (code in neighbours)


@given(some.integers(2, 10**8))
def test_what_was_used_and_what_is_older_is_not_taken(now: int) -> None:
    for used in (now - 1, now, now + 1):
        found = totp.matching_counter(SECRET, totp.code_of(SECRET, used), now * 30, after=used)
        assert found is None or found > used


@pytest.mark.parametrize("typed", ["287 082", "287-082", " 287082 "])
def test_spaces_and_dashes_do_not_matter(typed: str) -> None:
    assert totp.matching_counter(SECRET, typed, 59) == 1


@pytest.mark.parametrize("typed", ["", "28708", "2870822", "abcdef", "２８７０８２", "²87082", "-87082"])
def test_what_is_no_code_is_none(typed: str) -> None:
    assert totp.matching_counter(SECRET, typed, 59) is None


def test_secrets_go_to_text_and_back() -> None:
    assert totp.as_bytes(totp.as_text(SECRET)) == SECRET
    with pytest.raises(ValueError, match="Base32"):
        totp.as_bytes("1!")
    assert totp.address(SECRET, issuer="Sales CRM", account="林 a/b?c") == (
        "otpauth://totp/Sales%20CRM:%E6%9E%97%20a%2Fb%3Fc?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Sales%20CRM"
    )


@pytest.mark.parametrize(
    ("text", "device"),
    [
        (CHROME, "Chrome · Windows"),
        (OLD_ANDROID, "Chrome · Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) MicroMessenger/8.0 Safari/604", "WeChat · iPhone"),
        ("Mozilla/5.0 (Macintosh) Version/19 Safari/605", "Safari · Mac"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140 Safari/537 Edg/140", "Edge · Windows"),
        ("curl/8 13800138000 <script>", ""),
        ("", ""),
    ],
)
def test_a_device_in_two_words_and_nothing_of_what_it_says_itself(text: str, device: str) -> None:
    assert device_of(text) == device


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("203.0.113.77", "203.0.113.x"), ("10.0.0.1", "10.0.0.x"), ("2001:db8:1:2::9", "2001:db8:1::x"),
        ("::ffff:203.0.113.77", "203.0.113.x"), ("", ""), ("13800138000", ""), ("a'b", ""),
    ],
)  # fmt: skip
def test_addresses_are_shortened(address: str, kept: str) -> None:
    assert shorten(address) == kept
