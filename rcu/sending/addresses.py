"""Where messages may go: nobody who names an address has this service reach into the net it stands in."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

from rcu.errors import InputError

_LONGEST: Final = 2_000
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")
"""IPv4 addresses behind NAT64 (RFC 6052)."""


def check_url(url: str, *, private: bool) -> None:
    """Check that an address may be sent to, as far as it says so itself; what its name leads to is checked each time.

    Args:
        url: the address.
        private: whether it may be within one's own net, and without TLS.

    Raises:
        InputError: it may not.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise _refused("it cannot be read") from None
    if len(url) > _LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise _refused(f"it has more than {_LONGEST:,} characters, or others than an address has")
    if parts.scheme != "https" and not (private and parts.scheme == "http"):
        raise _refused("it does not begin with https://")
    if not host or parts.username is not None or parts.password is not None or parts.fragment:
        raise _refused("it has no host, or a user, a password or a fragment")
    if not private and not _may_be_public(host):
        raise _refused("it is within a private net")


def _refused(why: str) -> InputError:
    hint = "as in https://shop.example/rcu; RCU_WEBHOOK_PRIVATE=true permits one's own net, and http"
    return InputError(f"the address of the webhook cannot be used: {why}", hint=hint)


def _may_be_public(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return "." in host and not host.endswith((".localhost", ".local", ".internal"))
    return public(host)


def public(address: str) -> bool:
    """Whether an IP address is one of the public net; what stands for another address is judged by that."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is None and found in _TRANSLATED:
            inner = IPv4Address(int(found) & 0xFFFF_FFFF)
        if inner is not None:
            return public(str(inner))
    return found.is_global and not found.is_multicast
