"""Where a gateway may connect to: never into our own house by an address that somebody typed (SSRF).

Outside of development and tests only public addresses are allowed. The name is resolved once and the connection goes
to that very address, so that a name that answers differently the second time gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from django.conf import settings


class Forbidden(Exception):
    """An address that may not be connected to; its text is for an administrator."""


def _loose() -> bool:
    return settings.ENV.mode != "production"


def allowed(address: str) -> bool:
    """Whether this address may be connected to: in production only a public one."""
    found = ipaddress.ip_address(address)
    mapped = getattr(found, "ipv4_mapped", None)
    if mapped is not None:
        found = mapped
    return _loose() or (found.is_global and not found.is_multicast)


def resolve(host: str, port: int) -> str:
    """The one address to connect to. Forbidden when the name has none, or any of its addresses is inside."""
    if not host or not 0 < port < 65536:
        raise Forbidden("no host or port is set")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Forbidden("the name of the host is not known") from None
    addresses = [str(each[4][0]).split("%")[0] for each in found]
    if not all(allowed(address) for address in addresses):
        raise Forbidden("the host lies inside a private network")
    return addresses[0]


def split_url(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and path of a URL. Forbidden unless it is https (http too in development), without login."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise Forbidden("this is no address") from None
    if parts.scheme != "https" and not (_loose() and parts.scheme == "http"):
        raise Forbidden("the address must begin with https")
    if not parts.hostname or parts.username or parts.password:
        raise Forbidden("the address must name a host and no login")
    return parts.scheme, parts.hostname, port, parts.path or "/"
