"""Do answers arrive: has each domain that we invite mail to a mailbox? Pure.

Source: RFC 5321, section 5.1 (MX, or else the host itself); RFC 7505 (null MX).
"""

from collections.abc import Iterator
from functools import partial

from newsletter.doctor.records import (
    Question,
    Records,
    Said,
    address_questions,
    addresses_of,
    are_addresses_known,
    look,
    mail_hosts,
    question,
    zone_line,
)
from newsletter.doctor.sending import Sending
from newsletter.model.diagnosis import Diagnosis, Health, Subject

_diagnosis = partial(Diagnosis, Subject.MAILBOXES)


def plan_mx(sending: Sending, records: Records) -> Iterator[Question]:
    """Yield what `judge_mx` has to know."""
    for domain in _roles(sending):
        yield question("MX", domain)
        yield from address_questions(domain)
        for host in mail_hosts(look(records, "MX", domain)):
            yield from address_questions(host) if host else ()


def judge_mx(sending: Sending, records: Records) -> list[Diagnosis]:
    """Return whether each domain takes mail."""
    return [
        _judge(domain, ", ".join(roles), records)
        for domain, roles in _roles(sending).items()
    ]


def _roles(sending: Sending) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for role, domain in sending.mailboxes:
        found.setdefault(domain, []).append(role)
    return found


def _judge(domain: str, roles: str, records: Records) -> Diagnosis:
    answer = look(records, "MX", domain)
    if not answer.is_known:
        how = "failed" if answer.said is Said.FAILED else "did not answer in time"
        return _diagnosis(
            Health.WARNING,
            f"whether {domain} ({roles}) takes mail is not known: its name servers "
            f"{how}.",
            "Run newsletter doctor again.",
        )
    hosts = mail_hosts(answer)
    if hosts == ("",):
        return _null_mx(domain, roles)
    if not hosts:
        return _without_mx(domain, roles, records)
    return _with_hosts(domain, roles, hosts, records)


def _null_mx(domain: str, roles: str) -> Diagnosis:
    return _diagnosis(
        Health.ERROR,
        f"{domain} ({roles}) says that it takes no mail (null MX), so no answer and no "
        "request to leave arrives; some receivers refuse mail from such a domain.",
        "Use an address that is read, or ask whoever runs the DNS to name the host of "
        "the mailboxes:\n" + zone_line(domain, "MX", f"10 mail.{domain}."),
    )


def _without_mx(domain: str, roles: str, records: Records) -> Diagnosis:
    if addresses_of(records, domain):
        return _diagnosis(
            Health.WARNING,
            f"{domain} ({roles}) has no MX record; mail to it goes to the host of that "
            "name, which is seldom meant.",
            "Ask whoever runs the DNS to name the host of the mailboxes:\n"
            + zone_line(domain, "MX", f"10 mail.{domain}."),
        )
    is_missing = look(records, "MX", domain).said is Said.MISSING
    what = "does not exist" if is_missing else "has no host for mail"
    return _diagnosis(
        Health.ERROR,
        f"{domain} ({roles}) {what}, so no answer and no request to leave arrives.",
        "Correct the address in newsletter.toml, or ask whoever runs the DNS to name "
        "the host of the mailboxes:\n" + zone_line(domain, "MX", f"10 mail.{domain}."),
    )


def _with_hosts(
    domain: str, roles: str, hosts: tuple[str, ...], records: Records
) -> Diagnosis:
    dead = [host for host in hosts if _is_dead(host, records)]
    if not dead:
        return _diagnosis(Health.OK, f"{domain} ({roles}) takes mail at {hosts[0]}.")
    names = ", ".join(host or "." for host in dead)
    return _diagnosis(
        Health.ERROR if len(dead) == len(hosts) else Health.WARNING,
        f"the mail of {domain} ({roles}) should go to {names}, which has no address.",
        "Ask whoever runs the DNS to correct the MX record: it names a host that has "
        "an A or AAAA record.",
    )


def _is_dead(host: str, records: Records) -> bool:
    if not host:
        return True
    return are_addresses_known(records, host) and not addresses_of(records, host)
