"""Find the DMARC record of a domain, and the domain of its organisation. Pure.

Source: RFC 9989 (May 2026), section 4.10: a walk up the names of the DNS, which
replaced the list of public suffixes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from newsletter.doctor.records import Question, Records, look, question
from newsletter.doctor.tags import Tags, parse_tags

#: Section 4.10: no more questions than this for one domain.
MAX_STEPS = 8

_VERSION = re.compile(r"[vV]\s*=\s*DMARC1\s*(?:;|$)")


@dataclass(frozen=True, slots=True)
class Policy:
    """A DMARC record, and where it was found."""

    #: The domain it stands at, without ``_dmarc.``.
    domain: str
    text: str
    tags: Tags


def is_dmarc(text: str) -> bool:
    """Tell whether a TXT record is one of DMARC: the version first, in capitals."""
    return _VERSION.match(text.strip()) is not None


def steps_of(domain: str) -> list[str]:
    """Return the domains at which a walk from *domain* looks, in order.

    Of a name with more than eight labels those in the middle are left out.
    """
    labels = domain.split(".")
    first = max(1, len(labels) - MAX_STEPS + 1) if len(labels) > MAX_STEPS else 1
    return [domain, *(".".join(labels[n:]) for n in range(first, len(labels)))]


def walk_questions(domain: str) -> Iterator[Question]:
    """Yield what a walk from *domain* asks."""
    return (question("TXT", f"_dmarc.{step}") for step in steps_of(domain))


def find_policies(domain: str, records: Records) -> list[Policy]:
    """Return the records that a walk from *domain* meets, its own first.

    Several at one domain count for nothing.
    """
    found: list[Policy] = []
    for step in steps_of(domain):
        texts = dmarc_texts(step, records)
        if len(texts) != 1:
            continue
        policy = Policy(step, texts[0], parse_tags(texts[0]))
        found.append(policy)
        boundary = policy.tags.get("psd").lower()
        if boundary == "n" or (boundary == "y" and step != domain):
            break
    return found


def dmarc_texts(domain: str, records: Records) -> list[str]:
    """Return the DMARC records that stand at *domain* itself."""
    answer = look(records, "TXT", f"_dmarc.{domain}")
    return [text.strip() for text in answer.values if is_dmarc(text)]


def organizational_domain(domain: str, records: Records) -> str:
    """Return the domain of the organisation behind *domain* (section 4.10.2)."""
    found = find_policies(domain, records)
    for policy in found:
        boundary = policy.tags.get("psd").lower()
        if boundary == "n":
            return policy.domain
        if boundary == "y" and policy.domain != domain:
            steps = len(policy.domain.split(".")) + 1
            return ".".join(domain.split(".")[-steps:])
    return found[-1].domain if found else domain


def policy_of(domain: str, records: Records) -> Policy | None:
    """Return the record that holds for mail from *domain* (section 4.10.1).

    Its own; else that of its organisation; else that of the public suffix above it.
    """
    found = {policy.domain: policy for policy in find_policies(domain, records)}
    own = found.get(domain) or found.get(organizational_domain(domain, records))
    suffixes = (p for p in found.values() if p.tags.get("psd").lower() == "y")
    return own or next(suffixes, None)


def is_walk_known(domain: str, records: Records) -> bool:
    """Tell whether every question of a walk was answered."""
    return all(look(records, *one).is_known for one in walk_questions(domain))
