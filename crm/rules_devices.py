"""Which device somebody signs in from, in two words, and from where, roughly. Pure.

The login history keeps these words and never the browser's own text: that is long, and may be anything.
"""

from __future__ import annotations

import ipaddress

# The first mark found in the browser's text decides; the more special ones come first.
PROGRAMS = (
    ("MicroMessenger/", "WeChat"),
    ("DingTalk/", "DingTalk"),
    ("Edg", "Edge"),
    ("HuaweiBrowser/", "Huawei Browser"),
    ("MiuiBrowser/", "Mi Browser"),
    ("QQBrowser/", "QQ Browser"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
WIDE_V4, WIDE_V6 = 24, 48  # bits of an address that are kept


def device_of(user_agent: str) -> str:
    """Such as "Chrome · Windows"; "" when neither is known."""
    found = (next((name for mark, name in table if mark in user_agent), "") for table in (PROGRAMS, SYSTEMS))
    return " · ".join(name for name in found if name)


def shorten(address: str) -> str:
    """The network an address lies in: 203.0.113.x or 2001:db8:1::x. "" for what is no address."""
    try:
        known = ipaddress.ip_address(address.strip())
    except ValueError:
        return ""
    if isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped:
        known = known.ipv4_mapped
    bits = WIDE_V4 if known.version == 4 else WIDE_V6
    network = ipaddress.ip_network(f"{known}/{bits}", strict=False).network_address
    return f"{network}".removesuffix("0") + "x" if known.version == 4 else f"{network}x"
