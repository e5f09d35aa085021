"""The mail server as a sender meets it: what was seen there -> diagnoses. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from newsletter.doctor.certificate import (
    Certificate,
    certificate_fault,
    ends_soon,
    shown_day,
)
from newsletter.model.diagnosis import Diagnosis, Health, Subject
from newsletter.model.outcome import Reply
from newsletter.model.settings import LaneSettings, ServerSettings
from newsletter.replies import Stage, show_reply

#: Postfix takes no more from one client by default.
_MANY_CONNECTIONS = 50
#: Microsoft's limit for one mailbox; a fourth gets "432 4.3.2".
_MICROSOFT_HOST, _MICROSOFT_CONNECTIONS = "smtp.office365.com", 3
#: Ability -> what its lack means for us; nothing else that a server offers concerns us.
_ABILITIES = {
    "PIPELINING": "slower over a long line",
    "8BITMIME": "",
    "SMTPUTF8": "addresses with letters outside ASCII cannot be mailed",
    "DSN": "",
    "CHUNKING": "",
}

_diagnosis = partial(Diagnosis, Subject.SERVER)


@dataclass(frozen=True, slots=True)
class Said:
    """What the server said to one step."""

    stage: Stage
    reply: Reply

    @property
    def is_yes(self) -> bool:
        """Whether it agreed."""
        return 200 <= self.reply.code < 300


@dataclass(frozen=True, slots=True)
class ServerVisit:
    """What was seen at one server; a step that was not reached left no trace."""

    settings: ServerSettings
    #: Why there is no connection, as half a sentence; or empty.
    trouble: str = ""
    #: The server's own refusal while connecting or logging in.
    refusal: Said | None = None
    #: "TLSv1.3", or empty without encryption.
    tls: str = ""
    certificate: Certificate | None = None
    #: Words of its EHLO answer, in capitals: "SIZE 52428800".
    offers: tuple[str, ...] = ()
    #: To MAIL with our envelope sender, and to RCPT with the sender's own address.
    sender: Said | None = None
    recipient: Said | None = None

    @property
    def place(self) -> str:
        """Return ``smtp.example.org:465``."""
        host = self.settings.host
        shown = f"[{host}]" if ":" in host else host
        return f"{shown}:{self.settings.port}"


def judge_server(
    visit: ServerVisit, *, now: datetime, mail_bytes: int, needs_smtputf8: bool
) -> list[Diagnosis]:
    """Return what is to be said of one visit.

    Args:
        visit: What was seen.
        now: Aware.
        mail_bytes: Size of a mail of ours, as it would be sent.
        needs_smtputf8: Whether the sender's own address has letters outside ASCII.
    """
    if visit.trouble:
        return [_not_reached(visit, now)]
    if visit.refusal is not None:
        return [_refused(visit, visit.refusal)]
    return [
        _reached(visit),
        *_certificate(visit, now),
        *_abilities(visit, mail_bytes, needs_smtputf8=needs_smtputf8),
        *_envelope(visit),
    ]


def no_server(lines: str) -> Diagnosis:
    """Return what to say where no server is set; *lines* show how to set one."""
    shown = "\n".join(f"    {line}" for line in lines.splitlines())
    return _diagnosis(
        Health.ERROR,
        "there is no mail server in newsletter.toml, so nothing can be sent.",
        f"Add what your mail provider told you:\n{shown}",
    )


def judge_connections(
    server: ServerSettings, lanes: dict[str, LaneSettings], *, useful: int
) -> list[Diagnosis]:
    """Return whether connections and lanes make sense.

    Args:
        server: The first server.
        lanes: By name.
        useful: For how many connections the limits leave something to do.
    """
    total = useful + sum(lane.connections for lane in lanes.values())
    most = _MANY_CONNECTIONS
    if server.host.lower() == _MICROSOFT_HOST:
        most = _MICROSOFT_CONNECTIONS
    found = []
    if total > most:
        found.append(
            _diagnosis(
                Health.WARNING,
                f"up to {total} connections to {server.host} at once are set; it is "
                f"likely to refuse more than {most}.",
                "Lower connections under [server] and [lanes] in newsletter.toml.",
            )
        )
    if lanes:
        found.append(_lanes(server, lanes))
    return found


def _lanes(server: ServerSettings, lanes: dict[str, LaneSettings]) -> Diagnosis:
    numbers = ", ".join(f"{name} {lane.connections}" for name, lane in lanes.items())
    return _diagnosis(
        Health.INFO,
        f"lanes with connections of their own: {numbers}. They set how fast "
        f"{server.host} is handed these mails; how fast it hands them on is its own "
        "affair.",
    )


def _not_reached(visit: ServerVisit, now: datetime) -> Diagnosis:
    server = visit.settings
    if visit.certificate is not None:
        fault, advice = certificate_fault(visit.certificate, server.host, now)
        if fault:
            message = f"{visit.place} cannot be trusted: {fault}"
            return _diagnosis(Health.ERROR, message, advice)
    return _diagnosis(
        Health.ERROR,
        visit.trouble if visit.trouble.endswith("?") else f"{visit.trouble}.",
        "Compare host, port and security under [server] with what your mail provider "
        'told you: 465 with "tls", or 587 with "starttls". If they are right, its '
        "network or yours is in the way.",
    )


def _refused(visit: ServerVisit, refusal: Said) -> Diagnosis:
    said = show_reply(refusal.reply)
    if refusal.stage is Stage.LOGIN:
        return _diagnosis(
            Health.ERROR,
            f"{visit.place} does not take the login: it says {said}",
            "Compare user and password with what your mail provider told you; some "
            "want a password made for programs. Store it anew: newsletter login",
        )
    return _diagnosis(
        Health.ERROR,
        f"{visit.place} refuses us: it says {said}",
        f'Ask whoever runs it: "Why do you refuse us with {said}?"',
    )


def _reached(visit: ServerVisit) -> Diagnosis:
    tls = visit.tls.replace("TLSv", "TLS ") or "no encryption"
    login = ", takes the login" if visit.settings.user else ", asks for no login"
    return _diagnosis(Health.OK, f"{visit.place} answers, with {tls}{login}.")


def _certificate(visit: ServerVisit, now: datetime) -> Iterator[Diagnosis]:
    certificate = visit.certificate
    if certificate is None:
        return
    host, day = visit.settings.host, shown_day(certificate.ends_at)
    if ends_soon(certificate, now):
        yield _diagnosis(
            Health.WARNING,
            f"the certificate of {host} ends on {day}, and was not renewed yet.",
            f'Ask whoever runs it: "Please renew the certificate before {day}."',
        )
    else:
        yield _diagnosis(Health.OK, f"the certificate is for {host}, until {day}.")


def _abilities(
    visit: ServerVisit, mail_bytes: int, *, needs_smtputf8: bool
) -> Iterator[Diagnosis]:
    limit = _size_limit(visit.offers)
    if limit and limit < mail_bytes:
        yield _diagnosis(
            Health.ERROR,
            f"{visit.place} takes mails up to {_megabytes(limit)}; one of yours has "
            f"{_megabytes(mail_bytes)}.",
            'Make the pictures smaller, or set images = "hosted" under [template].',
        )
    words = {offer.split()[0] for offer in visit.offers}
    if needs_smtputf8 and "SMTPUTF8" not in words:
        yield _diagnosis(
            Health.ERROR,
            f"{visit.place} does not offer SMTPUTF8, which the sender's address needs: "
            "it has letters outside ASCII before the @.",
            "Use a sender in plain letters.",
        )
    yield _diagnosis(Health.OK, _offered(words, limit))


def _offered(words: set[str], limit: int) -> str:
    there = [name for name in _ABILITIES if name in words]
    lacking = [
        f"{name} ({meaning})" if meaning else name
        for name, meaning in _ABILITIES.items()
        if name not in words
    ]
    size = [f"mails up to {_megabytes(limit)}"] if limit else []
    offers = ", ".join([*there, *size]) or "nothing besides plain SMTP"
    return f"it offers {offers}" + (f"; not {', '.join(lacking)}." if lacking else ".")


def _size_limit(offers: tuple[str, ...]) -> int:
    """Return how many bytes a mail may have; 0: not said (RFC 1870, section 4)."""
    sizes = [offer.split()[1:] for offer in offers if offer.split()[0] == "SIZE"]
    return next((int(one[0]) for one in sizes if one and one[0].isdecimal()), 0)


def _megabytes(number: int) -> str:
    return f"{number / 1_000_000:.1f} MB".replace(".0 ", " ")


def _envelope(visit: ServerVisit) -> Iterator[Diagnosis]:
    for said, who in (
        (visit.sender, "the sender"),
        (visit.recipient, "mail to the sender's own address"),
    ):
        if said is not None and not said.is_yes:
            yield _not_taken(visit, said, who)
    if visit.recipient is not None and visit.recipient.is_yes:
        yield _diagnosis(
            Health.OK, "it takes the sender, and mail to it; nothing was sent."
        )


def _not_taken(visit: ServerVisit, said: Said, who: str) -> Diagnosis:
    shown = show_reply(said.reply)
    if 400 <= said.reply.code < 500:
        return _diagnosis(
            Health.INFO,
            f"{visit.place} does not take {who} right now: it says {shown}",
            "Run newsletter doctor again in some minutes.",
        )
    if said.stage is Stage.RCPT:
        return _diagnosis(
            Health.WARNING,
            f"{visit.place} does not take {who}: it says {shown}",
            "Has the sender a mailbox? Answers and bounces arrive there.",
        )
    return _diagnosis(
        Health.ERROR,
        f"{visit.place} does not take {who}: it says {shown}",
        'Use the address that belongs to the login, or ask whoever runs it: "Please '
        'let this login send with our sender address."',
    )
