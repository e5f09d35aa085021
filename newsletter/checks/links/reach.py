"""Which addresses a link check may dial: public ones, on the ports of web pages.

In: an IP address and a port, as they are about to be dialled. Out: why not, or None.
Law: nothing is dialled that did not pass here, after every look-up and redirect.
"""

from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)

from newsletter.model.link import Fault

Network = IPv4Network | IPv6Network
_Address = IPv4Address | IPv6Address

#: The usual ones of public web servers; others would make a link check a port scan.
WEB_PORTS = frozenset({80, 443, 8080, 8443})

#: Where cloud machines ask for their own secrets. Never asked, whatever is allowed.
#: Amazon, Google, Azure, DigitalOcean, Hetzner share 169.254.169.254; then Amazon's
#: other two, Alibaba, Oracle, Azure's second one.
_METADATA = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",
        "169.254.170.2",
        "fd00:ec2::254",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
    )
)

#: What `is_global` of the standard library lets pass or judges differently from one
#: version to the next (IANA special-purpose registries, RFC 6890, read 2026-11).
_EXTRA: tuple[Network, ...] = (
    IPv4Network("0.0.0.0/8"),
    IPv4Network("100.64.0.0/10"),  # shared by a provider's customers (RFC 6598)
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv4Network("198.18.0.0/15"),
    IPv4Network("224.0.0.0/3"),  # multicast, reserved, broadcast
    IPv6Network("2001::/23"),  # Teredo, ORCHID and other protocols
    IPv6Network("2001:db8::/32"),
    IPv6Network("2002::/16"),  # 6to4: an IPv4 address in disguise
    IPv6Network("3fff::/20"),
)

#: Everything public in IPv6 lies here (RFC 4291, section 2.4).
_PUBLIC_V6 = IPv6Network("2000::/3")
#: NAT64: the way to IPv4 from a network that has none (RFC 6052).
_NAT64 = IPv6Network("64:ff9b::/96")


def refusal(address: str, port: int, allowed: Sequence[Network] = ()) -> Fault | None:
    """Return why *address* must not be dialled, or None.

    Args:
        address: A numeric address as the resolver gives it, with or without a zone.
        port: The port to be dialled.
        allowed: Networks that may be dialled on any port although they are private.
    """
    number = _unwrapped(ip_address(address.partition("%")[0]))
    if number in _METADATA:
        return Fault.PRIVATE_ADDRESS
    if any(number in network for network in allowed):
        return None
    if not _is_public(number):
        return Fault.PRIVATE_ADDRESS
    return None if port in WEB_PORTS else Fault.UNUSUAL_PORT


def _unwrapped(number: _Address) -> _Address:
    """Return the IPv4 address that an IPv6 one stands for, or the address itself."""
    if isinstance(number, IPv4Address):
        return number
    if number.ipv4_mapped is not None:
        return number.ipv4_mapped
    if number in _NAT64:
        return IPv4Address(int(number) & 0xFFFFFFFF)
    return number


def _is_public(number: _Address) -> bool:
    if any(number in network for network in _EXTRA):
        return False
    if isinstance(number, IPv6Address) and number not in _PUBLIC_V6:
        return False
    return number.is_global
