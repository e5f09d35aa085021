"""Observations -> verdict: what a reader may expect. Tables, no I/O.

Law: what we cannot tell is never called broken; broken needs two looks that agree. What
a page says of itself comes before its status: walls answer 200, 403, 404 and 503.
"""

from collections.abc import Iterable, Mapping, Sequence

from newsletter.checks.links.clean import asked_domains
from newsletter.checks.links.domains import host_of, is_front_page, registered_domain
from newsletter.checks.links.suspect import (
    ASKS_PASSWORD,
    NO_PROGRAMS,
    is_left_to_script,
    suspicion,
    wall_reason,
)
from newsletter.model.link import Fault, Judgement, Observation, Verdict

#: The site says that the page has this new address for good (RFC 9110, 15.4.2, 15.4.9).
_PERMANENT = frozenset({301, 308})
#: Longest wait a site may ask for within one check; beyond it we leave it alone.
MAX_WAIT_SECONDS = 10

#: With them a site names another address; 300 and 304 do not.
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SITE_FAULT = "{host} has a fault at this moment."
_SCRIPT_DECIDES = (
    "it answers that there is no page, and leaves what is shown to a script."
)

_STATUSES: Mapping[int, tuple[Verdict, str]] = {
    401: (Verdict.BLOCKED, ASKS_PASSWORD),
    404: (Verdict.BROKEN, "the page does not exist."),
    410: (Verdict.BROKEN, "the page has been taken away for good."),
    429: (Verdict.RATE_LIMITED, "{host} asks to be left alone for a while."),
    451: (Verdict.BLOCKED, "the page is withheld for legal reasons."),
}

_FAULTS: Mapping[Fault, tuple[Verdict, str]] = {
    Fault.NAME_UNKNOWN: (Verdict.BROKEN, 'there is no site called "{host}".'),
    Fault.NAME_UNSURE: (
        Verdict.TIMEOUT,
        'the name "{host}" could not be looked up at this moment.',
    ),
    Fault.NO_MAIL_DOMAIN: (
        Verdict.BROKEN,
        'there is no domain called "{host}", so no mail arrives.',
    ),
    Fault.NO_MAIL: (Verdict.BROKEN, "{host} takes no mail."),
    Fault.REFUSED: (Verdict.BROKEN, "nothing answers at {host}."),
    Fault.UNREACHABLE: (Verdict.TIMEOUT, "{host} could not be reached from here."),
    Fault.TIMEOUT: (Verdict.TIMEOUT, "{host} did not answer in time."),
    Fault.PROTOCOL: (
        Verdict.BLOCKED,
        "{host} broke off, or answered in a way that could not be read.",
    ),
    Fault.CERTIFICATE_EXPIRED: (
        Verdict.UNSAFE,
        "the certificate of {host} is out of date: browsers warn their visitors.",
    ),
    Fault.CERTIFICATE_NAME: (
        Verdict.UNSAFE,
        "the certificate of {host} is for another site: browsers warn their visitors.",
    ),
    Fault.CERTIFICATE_SELF_SIGNED: (
        Verdict.UNSAFE,
        "{host} vouches for itself only: browsers warn their visitors.",
    ),
    Fault.CERTIFICATE_UNSURE: (
        Verdict.BLOCKED,
        "the certificate of {host} could not be verified from this computer.",
    ),
    Fault.PRIVATE_ADDRESS: (
        Verdict.UNSAFE,
        "it leads into a private network or a single computer, where readers are not.",
    ),
    Fault.UNUSUAL_PORT: (
        Verdict.BLOCKED,
        "its port is one that web pages seldom use, so it was not asked.",
    ),
    Fault.TOO_MANY_REDIRECTS: (
        Verdict.BROKEN,
        "it passes its visitors on and on, and never arrives.",
    ),
    Fault.BAD_REDIRECT: (
        Verdict.UNSAFE,
        "it passes its visitors on to something that is not a web page.",
    ),
    Fault.OTHER_PROGRAM: (
        Verdict.BLOCKED,
        "it passes its visitors on to another program (mail, telephone or an app), "
        "where nobody can follow from here.",
    ),
    Fault.PERSONAL_ADDRESS: (
        Verdict.UNSAFE,
        "it passes its visitors on to one reader's own address: "
        "who opens it can take that reader off the list.",
    ),
    Fault.LEFT_ALONE: (
        Verdict.RATE_LIMITED,
        "{host} asks to be left alone for a while.",
    ),
}

#: Answers by which a site says that it has no such page (RFC 9110, 15.5.5, 15.5.11).
_GONE = frozenset({404, 410})

#: What a computer sees that has no network; not proof of one.
_MAYBE_OFFLINE = frozenset(
    {
        Fault.NAME_UNKNOWN,
        Fault.NAME_UNSURE,
        Fault.NO_MAIL_DOMAIN,
        Fault.UNREACHABLE,
        Fault.TIMEOUT,
    }
)

NO_NETWORK = Judgement(
    Verdict.TIMEOUT, "it was not checked: this computer has no network."
)


def judge(
    looks: Sequence[Observation], *, fragment: str = "", has_network: bool = True
) -> Judgement:
    """Return what is made of one address.

    Args:
        looks: One or more observations of it, oldest first.
        fragment: The place in the page that the link names, without "#".
        has_network: False when nothing at all could be reached in this run.
    """
    if not has_network:
        return NO_NETWORK
    judgements = [_judge_look(look, fragment) for look in looks]
    last = judgements[-1]
    if last.verdict is not Verdict.BROKEN:
        return last
    if len(judgements) > 1 and all(j.verdict is Verdict.BROKEN for j in judgements):
        return last
    reason = "it did not give the same answer twice."
    return Judgement(Verdict.TIMEOUT, reason, status=last.status)


def needs_second_look(look: Observation) -> bool:
    """Whether a later look may show something else, or must agree with this one."""
    match _judge_look(look).verdict:
        case Verdict.BROKEN | Verdict.TIMEOUT:
            return True
        case Verdict.RATE_LIMITED:
            return (look.retry_after_seconds or 0) <= MAX_WAIT_SECONDS
        case _:
            return look.fault is Fault.PROTOCOL


def is_settled(look: Observation) -> bool:
    """Whether a second look need not wait: the site itself says that there is no page.

    A site that is restarted or out of reach gets time to come back.
    """
    return look.fault is None and look.status in _GONE


def shows_network(looks: Iterable[Observation]) -> bool:
    """Whether anything seen could not have been seen without a network."""
    return any(
        look.hops or look.status is not None or look.fault not in _MAYBE_OFFLINE
        for look in looks
    )


def shows_no_network(looks: Iterable[Observation]) -> bool:
    """Whether these are what a computer without a network sees.

    Deadlines alone prove nothing: a dead site and a dead network look the same.
    """
    looks = tuple(looks)
    if shows_network(looks):
        return False
    return any(look.fault is not Fault.TIMEOUT for look in looks)


def _judge_look(look: Observation, fragment: str = "") -> Judgement:
    """Judge one observation as if it were the only one, and the second to say so."""
    verdict, reason = _first_judged(look, fragment)
    if verdict is Verdict.OK:
        return _ok_or_moved(look)
    last = look.hops[-1].target if look.hops else look.url
    host = host_of(last) or " or ".join(asked_domains(last)) or last
    return Judgement(verdict, reason.replace("{host}", host), status=look.status)


def _first_judged(look: Observation, fragment: str) -> tuple[Verdict, str]:
    if look.fault is not None:
        return _FAULTS[look.fault]
    if (wall := wall_reason(look)) is not None:
        return (Verdict.BLOCKED, wall)
    verdict, reason = _judge_status(look)
    if verdict is Verdict.OK and (doubt := suspicion(look, fragment)) is not None:
        return (Verdict.SUSPECT, doubt)
    return (verdict, reason)


def _judge_status(look: Observation) -> tuple[Verdict, str]:
    if look.status is None:  # a domain that takes mail
        return (Verdict.OK, "")
    if look.status in _GONE and _may_show_a_page(look):
        return (Verdict.BLOCKED, _SCRIPT_DECIDES)
    if look.status in _STATUSES:
        return _STATUSES[look.status]
    if look.status == 202 and look.page is not None and not look.page.words:
        # "Accepted" for a page: AWS WAF's way of asking whether a browser is there.
        return (Verdict.BLOCKED, NO_PROGRAMS)
    if 200 <= look.status < 300:
        return (Verdict.OK, "")
    if look.status == 503 and look.retry_after_seconds is not None:
        return _STATUSES[429]
    if 500 <= look.status < 600:
        return (Verdict.TIMEOUT, _SITE_FAULT)
    if look.status in REDIRECTS:
        return (Verdict.BLOCKED, "it passes its visitors on without saying where to.")
    return (Verdict.BLOCKED, NO_PROGRAMS)


def _may_show_a_page(look: Observation) -> bool:
    """Whether a browser may show a page that its site says it does not have."""
    page = look.page
    return page is not None and is_left_to_script(page) and suspicion(look) is None


def _ok_or_moved(look: Observation) -> Judgement:
    """Take over a new address only as far as each step says "for good"."""
    new_url = ""
    for hop in look.hops:
        if hop.status not in _PERMANENT:
            break
        new_url = hop.target
    if not new_url or not _is_worth_writing(look.url, new_url):
        return Judgement(Verdict.OK, status=look.status)
    reason = "the page has moved for good."
    return Judgement(Verdict.MOVED, reason, new_url, look.status)


def _is_worth_writing(old: str, new: str) -> bool:
    """Whether a reader gains by the new address; sites pass on for little reasons."""
    old, new = old.partition("#")[0], new.partition("#")[0]
    if old.rstrip("/") == new.rstrip("/"):
        return False
    if old.startswith("https:") and new.startswith("http:"):
        return False
    if old[:6].lower() != new[:6].lower():  # http became https
        return True
    # "example.org" is how a site wants to be written, wherever it begins.
    is_same_site = registered_domain(host_of(old)) == registered_domain(host_of(new))
    return not (is_same_site and is_front_page(old) and is_front_page(new))
