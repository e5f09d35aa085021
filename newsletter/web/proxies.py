"""From which network a request comes, as far as we can know.

In: the scope of a request and how many proxies of ours it passed. Out: a network, never
an address: it is counted for a while, and nobody's address is stored.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.types import Scope

_FORWARDED = b"x-forwarded-for"

#: So much of an address says whose line it is: what a provider gives a household, or a
#: block of addresses that one sender can easily have all of.
_PREFIX = {4: 24, 6: 64}


def client_network(scope: Scope, trusted_hops: int) -> str:
    """Return the network of who asks, ``192.0.2.0/24``, or empty if it is not known.

    Empty is also who comes from this machine or a private network while no proxy is
    trusted: that is a proxy nobody told us of, and all readers come by it.

    Args:
        scope: Of the request.
        trusted_hops: ``trusted_hops`` of ``[web]``: so many entries of X-Forwarded-For,
            counted from the right, were written by proxies of ours.
    """
    peer = _parse((scope.get("client") or ("", 0))[0])
    if trusted_hops == 0:
        return "" if peer is None or peer.is_private else _network(peer)
    named = _entries(scope)
    if len(named) >= trusted_hops:
        told = _parse(named[-trusted_hops])
        if told is not None:
            return _network(told)
    return "" if peer is None or peer.is_private else _network(peer)


def _entries(scope: Scope) -> list[str]:
    lines = [value for name, value in scope["headers"] if name == _FORWARDED]
    text = b",".join(lines).decode("latin-1")
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address in ``192.0.2.1``, ``192.0.2.1:80``, ``[2001:db8::1]:80``."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _network(address: IPv4Address | IPv6Address) -> str:
    return str(ip_network((address, _PREFIX[address.version]), strict=False))
