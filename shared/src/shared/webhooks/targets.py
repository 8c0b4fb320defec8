"""Where a delivery may go: allow-listed hosts only, and never an address inside."""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class TargetRefused(ValueError):
    """The address must not be called; the reason names no secret."""


def check_url(url: str, hosts: Sequence[str], *, inside: bool) -> None:
    """Raise TargetRefused unless `url` is https to a host on the list (`api.example.com` or `*.example.com`).

    `inside` lets plain http and addresses of this machine pass, for development.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise TargetRefused("not an address") from None
    if parts.scheme != "https" and not (inside and parts.scheme == "http"):
        raise TargetRefused("only https")
    if host is None or parts.username is not None or parts.password is not None or parts.fragment:
        raise TargetRefused("a host, without credentials or fragment")
    if not any(_matches(host, one.lower()) for one in hosts):
        raise TargetRefused("the host is not on the list of allowed hosts")


def _matches(host: str, pattern: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


async def address_of(url: str, *, inside: bool) -> str:
    """The address to connect to, looked up now; raises TargetRefused when any of the host's addresses is inside.

    The caller connects to this very address: a name that answers otherwise a moment later leads nowhere else.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except OSError:
        raise TargetRefused("the host has no address") from None
    addresses = [str(one[4][0]) for one in found]
    if not inside and not all(is_outside(one) for one in addresses):
        raise TargetRefused("the host's address lies in a private range")
    return addresses[0]


def is_outside(address: str) -> bool:
    """Whether an address is one of the public internet, looking through what carries another address inside."""
    one = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(one, ipaddress.IPv6Address):
        if one.ipv4_mapped is not None:
            return is_outside(str(one.ipv4_mapped))
        if one.sixtofour is not None or one.teredo is not None or one in _NAT64:
            return False
    return one.is_global and not one.is_multicast
