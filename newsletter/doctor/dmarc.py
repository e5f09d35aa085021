"""DMARC: what does the sender's domain ask receivers to do with forgeries? Pure.

Source: RFC 9989 (May 2026). Gone since RFC 7489: ``pct``, ``rf``, ``ri``; new: ``np``,
``psd``, ``t``.
"""

import re
from collections.abc import Iterator
from functools import partial

from newsletter.doctor.dmarc_walk import (
    Policy,
    dmarc_texts,
    is_walk_known,
    organizational_domain,
    policy_of,
    steps_of,
    walk_questions,
)
from newsletter.doctor.records import Question, Records, look, question, zone_line
from newsletter.doctor.sending import Sending
from newsletter.doctor.tags import without_tags
from newsletter.model.diagnosis import Diagnosis, Health, Subject

_POLICIES = ("none", "quarantine", "reject")
#: Tag -> values it may have (section 4.8); those of addresses are looked at apart.
_VALUES = {
    "p": _POLICIES,
    "sp": _POLICIES,
    "np": _POLICIES,
    "t": ("y", "n"),
    "psd": ("y", "n", "u"),
    "adkim": ("r", "s"),
    "aspf": ("r", "s"),
    "fo": ("0", "1", "d", "s", "d:s", "s:d"),
}
_REMOVED = ("pct", "rf", "ri")
_KNOWN = ("v", *_VALUES, "rua", "ruf", *_REMOVED)
_MAILTO = re.compile(r"mailto:[^@\s]+@([^!?\s]+)(?:!\d+[kmgt]?)?", re.IGNORECASE)

_diagnosis = partial(Diagnosis, Subject.DMARC)


def plan_dmarc(sending: Sending, records: Records) -> Iterator[Question]:
    """Yield what `judge_dmarc` has to know."""
    yield from walk_questions(sending.author)
    policy = policy_of(sending.author, records)
    for domain in _report_domains(policy) if policy else ():
        yield from walk_questions(domain)
        yield _permission(policy, domain)


def judge_dmarc(sending: Sending, records: Records) -> list[Diagnosis]:
    """Return what is to be said of the DMARC record of the sender's domain."""
    author = sending.author
    if not is_walk_known(author, records):
        return [
            _diagnosis(
                Health.WARNING,
                f"the DMARC record of {author} could not be read: not all name servers "
                "answered.",
                "Run newsletter doctor again.",
            )
        ]
    doubled = [_doubled(s, records) for s in steps_of(author)]
    policy = policy_of(author, records)
    if policy is None:
        return [one for one in doubled if one] or [_missing(author, records)]
    remarks = [
        *(one for one in doubled if one),
        *_flaws(policy),
        *_removed(policy),
        *_reports(policy, records),
        *_wish(policy, author),
    ]
    if any(one.severity is Health.ERROR for one in remarks):
        return remarks
    return [_found(policy, author), *remarks]


def _doubled(domain: str, records: Records) -> Diagnosis | None:
    texts = dmarc_texts(domain, records)
    if len(texts) < 2:
        return None
    return _diagnosis(
        Health.ERROR,
        f"{domain} has {len(texts)} DMARC records; receivers use none of them then.",
        "Keep one, for example:\n" + zone_line(f"_dmarc.{domain}", "TXT", texts[0]),
    )


def _missing(author: str, records: Records) -> Diagnosis:
    near = [
        text
        for step in steps_of(author)
        for text in look(records, "TXT", f"_dmarc.{step}").values
    ]
    begun = f' (there is a TXT record "{near[0]}", which is none)' if near else ""
    return _diagnosis(
        Health.WARNING,
        f"{author} has no DMARC record{begun}; Gmail, Yahoo and Outlook.com ask for "
        "one from whoever sends a lot.",
        f"Ask whoever runs the DNS of {author} to add this; it changes nothing yet for "
        "your mail:\n" + zone_line(f"_dmarc.{author}", "TXT", "v=DMARC1; p=none"),
    )


def _found(policy: Policy, author: str) -> Diagnosis:
    where = "" if policy.domain == author else f", from {policy.domain}"
    return _diagnosis(
        Health.OK, f"{author} has the policy {_effective(policy, author)}{where}."
    )


def _effective(policy: Policy, author: str) -> str:
    """Return the tag that holds for *author*: ``sp=reject`` below its organisation."""
    names = ("sp", "p") if policy.domain != author else ("p",)
    tags = policy.tags
    found = (name for name in names if tags.get(name).lower() in _POLICIES)
    name = next(found, "")
    # Section 4.7: without a valid one, it is as if p=none stood there.
    return f"{name}={tags.get(name).lower()}" if name else "p=none"


def _wish(policy: Policy, author: str) -> Iterator[Diagnosis]:
    line = f"_dmarc.{policy.domain}"
    if policy.tags.get("t").lower() == "y":
        yield _diagnosis(
            Health.INFO,
            f"the policy of {policy.domain} is being tried out (t=y): receivers go a "
            "step easier on forgeries than it says.",
            "When the reports show only your own mail, take t=y out:\n"
            + zone_line(line, "TXT", without_tags(policy.text, ("t",))),
        )
    elif _effective(policy, author).endswith("=none"):
        yield _diagnosis(
            Health.INFO,
            f"the policy of {policy.domain} lets forgeries through (none).",
            "That is right for a beginning. When tests say dmarc=pass for some weeks, "
            "p=quarantine protects your readers.",
        )


def _flaws(policy: Policy) -> Iterator[Diagnosis]:
    for flaw in policy.tags.flaws:
        yield _flawed(policy, flaw)
    for tag, value in policy.tags.pairs:
        allowed = _VALUES.get(tag)
        if allowed and value.lower() not in allowed:
            shown = ", ".join(allowed)
            yield _flawed(policy, f'"{tag}={value}" is none of {shown}.')
        elif tag not in _KNOWN:
            yield _flawed(policy, f'there is no tag "{tag}".')
    if "p" not in policy.tags:
        yield _flawed(policy, "it has no p=, which older receivers insist on.")


def _flawed(policy: Policy, flaw: str) -> Diagnosis:
    return _diagnosis(
        Health.WARNING,
        f"receivers skip a part of the DMARC record of {policy.domain}: {flaw}"
        if "no p=" not in flaw
        else f"the DMARC record of {policy.domain}: {flaw}",
        "Correct the record:\n"
        + zone_line(f"_dmarc.{policy.domain}", "TXT", policy.text),
    )


def _removed(policy: Policy) -> list[Diagnosis]:
    found = [tag for tag in _REMOVED if tag in policy.tags]
    if not found:
        return []
    share = policy.tags.get("pct")
    is_partial = share.isdecimal() and int(share) < 100
    named = ", ".join(f"{tag}={policy.tags.get(tag)}" for tag in found)
    return [
        _diagnosis(
            Health.WARNING if is_partial else Health.INFO,
            f"the DMARC record of {policy.domain} has {named}, which the standard no "
            "longer knows (RFC 9989)"
            + (
                ": newer receivers apply the policy to all mail." if is_partial else "."
            ),
            "Take it out"
            + (" (t=y is the new way to try out a policy):\n" if is_partial else ":\n")
            + zone_line(
                f"_dmarc.{policy.domain}", "TXT", without_tags(policy.text, _REMOVED)
            ),
        )
    ]


def _report_domains(policy: Policy) -> list[str]:
    """Return the foreign domains that reports are to go to."""
    written = ",".join((policy.tags.get("rua"), policy.tags.get("ruf")))
    found = [_MAILTO.fullmatch(uri.strip()) for uri in written.split(",")]
    domains = [match[1].lower().rstrip(".") for match in found if match]
    return [one for one in dict.fromkeys(domains) if one != policy.domain]


def _permission(policy: Policy | None, domain: str) -> Question:
    """Return where a domain says that it takes reports (RFC 9990, section 4)."""
    owner = policy.domain if policy else ""
    return question("TXT", f"{owner}._report._dmarc.{domain}")


def _reports(policy: Policy, records: Records) -> Iterator[Diagnosis]:
    for uri in filter(None, map(str.strip, policy.tags.get("rua").split(","))):
        if not re.match(r"[a-z][a-z0-9+.-]*:", uri, re.IGNORECASE):
            yield _flawed(policy, f'"rua={uri}" is no address; write mailto:{uri}.')
    own = organizational_domain(policy.domain, records)
    for domain in _report_domains(policy):
        answer = look(records, *_permission(policy, domain))
        is_own = organizational_domain(domain, records) == own
        if answer.is_known and not answer.values and not is_own:
            yield _diagnosis(
                Health.INFO,
                f"reports for {policy.domain} to {domain} are not sent: that domain "
                "does not say that it takes them.",
                f"Whoever runs the DNS of {domain} can add:\n"
                + zone_line(_permission(policy, domain).name, "TXT", "v=DMARC1;"),
            )
