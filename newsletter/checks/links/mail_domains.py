"""Ask the name servers whether a domain takes mail; no mail server is asked.

In: a domain. Out: what speaks against it, or None. Law: only an answer counts as one; a
name server that is silent, or fails, says nothing of the domain.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from newsletter.model.link import Fault

# A tenth of a second to import, and most issues have no mail address.
if TYPE_CHECKING:
    from dns.asyncresolver import Resolver

#: For all questions about one domain, tries with a second server among them.
_SECONDS = 5.0

#: Host and port.
NameServer = tuple[str, int]


async def ask_mail_domain(
    domain: str, name_servers: Sequence[NameServer] = ()
) -> Fault | None:
    """Return why no mail for *domain* arrives, that it cannot be told, or None.

    Args:
        domain: In ASCII.
        name_servers: Those of the system by default.

    Source: RFC 5321, section 5.1; RFC 7505.
    """
    from dns.exception import DNSException
    from dns.name import root
    from dns.resolver import NXDOMAIN, NoAnswer

    try:
        resolver = _resolver(name_servers)
        try:
            # With its dot: no name of this network is tried behind it.
            found = await resolver.resolve(f"{domain}.", "MX")
        except NoAnswer:
            has_address = await _has_address(resolver, domain)
            return None if has_address else Fault.NO_MAIL
        except NXDOMAIN:
            # Some servers say so of every kind of record that they do not know.
            has_address = await _has_address(resolver, domain)
            return None if has_address else Fault.NO_MAIL_DOMAIN
    except DNSException:
        return Fault.NAME_UNSURE
    is_null = all(record.exchange == root for record in found)
    return Fault.NO_MAIL if is_null else None


def _resolver(name_servers: Sequence[NameServer]) -> "Resolver":
    from dns.asyncresolver import Resolver
    from dns.nameserver import Do53Nameserver

    resolver = Resolver(configure=not name_servers)
    if name_servers:
        resolver.nameservers = [Do53Nameserver(*one) for one in name_servers]
    resolver.lifetime = _SECONDS
    return resolver


async def _has_address(resolver: "Resolver", domain: str) -> bool:
    """Whether the domain has a host of its own name, to which mail goes without MX."""
    from dns.resolver import NXDOMAIN, NoAnswer

    for kind in ("A", "AAAA"):
        try:
            await resolver.resolve(f"{domain}.", kind)
        except (NXDOMAIN, NoAnswer):
            continue
        return True
    return False
