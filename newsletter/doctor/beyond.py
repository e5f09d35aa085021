"""What no look from here can tell. Pure."""

from newsletter.doctor.records import is_reserved
from newsletter.doctor.sending import Sending
from newsletter.model.diagnosis import Diagnosis, Health, Subject


def reserved_domains(sending: Sending) -> tuple[str, ...]:
    """Return the domains of the settings that belong to nobody."""
    named = [sending.author, sending.envelope, *(d for _, d in sending.mailboxes)]
    return tuple(domain for domain in dict.fromkeys(named) if is_reserved(domain))


def judge_reserved(domains: tuple[str, ...]) -> Diagnosis:
    """Return what to say of domains that are made for examples."""
    verb = "is a domain" if len(domains) == 1 else "are domains"
    return Diagnosis(
        Subject.MAILBOXES,
        Health.WARNING,
        f"{', '.join(domains)} {verb} for examples, which nobody can own; "
        "SPF, DKIM, DMARC and mailboxes were not looked at.",
        "Set your own sender in newsletter.toml:\n"
        '    sender = "Your newsletter <news@your-domain.org>"',
    )


def silent_network() -> Diagnosis:
    """Return the one line that stands for all that could not be asked."""
    return Diagnosis(
        Subject.NETWORK,
        Health.WARNING,
        "no name server answers, so nothing beyond this computer was looked at: mail "
        "server, SPF, DKIM, DMARC, mailboxes, public pages.",
        "Connect to the internet, and run newsletter doctor again.",
    )


def left_out() -> Diagnosis:
    """Return the line of ``--offline``."""
    return Diagnosis(
        Subject.NETWORK,
        Health.INFO,
        "nothing beyond this computer was looked at (--offline).",
    )


def beyond_sight() -> Diagnosis:
    """Return the one line on what nobody can see from here."""
    return Diagnosis(
        Subject.BEYOND,
        Health.INFO,
        "complaints, reputation, and whether mails land in the inbox or among spam.",
        "Send a test to a mailbox at each large provider, and look where it lands.",
    )
