"""Does what a receiver can prove bear the name that readers see? Pure.

Source: RFC 9989, section 4.4: SPF proves the domain of the envelope sender, DKIM the
domain ``d=`` of a signature; DMARC asks that one of them belongs to the author's.
"""

from collections.abc import Iterator
from functools import partial

from newsletter.doctor.dmarc_walk import (
    Policy,
    is_walk_known,
    organizational_domain,
    policy_of,
    walk_questions,
)
from newsletter.doctor.records import Question, Records
from newsletter.doctor.sending import Sending
from newsletter.model.diagnosis import Diagnosis, Health, Subject

_diagnosis = partial(Diagnosis, Subject.DMARC)


def plan_alignment(sending: Sending) -> Iterator[Question]:
    """Yield what `judge_alignment` has to know."""
    for domain in (sending.author, sending.envelope, *_signers(sending)):
        yield from walk_questions(domain)


def is_aligned(author: str, proven: str, records: Records, *, is_strict: bool) -> bool:
    """Tell whether *proven* belongs to *author*.

    Args:
        author: Domain that readers see.
        proven: Domain of the envelope sender, or ``d=`` of a signature.
        records: Of the walks from both.
        is_strict: Only the very same domain does.
    """
    if author == proven:
        return True
    if is_strict:
        return False
    ours = organizational_domain(author, records)
    return ours == organizational_domain(proven, records)


def judge_alignment(sending: Sending, records: Records) -> list[Diagnosis]:
    """Return whether SPF, and each of our signatures, speaks for the author."""
    domains = (sending.author, sending.envelope, *_signers(sending))
    if not all(is_walk_known(domain, records) for domain in domains):
        return []
    policy = policy_of(sending.author, records)
    by_spf = _aligned(sending, sending.envelope, records, policy, "aspf")
    signers = [
        domain
        for domain in _signers(sending)
        if _aligned(sending, domain, records, policy, "adkim")
    ]
    if by_spf and (signers or not sending.keys):
        return [_both(sending, signers)]
    if by_spf or signers:
        return [_one(sending, signers)]
    return [_neither(sending, policy)]


def _signers(sending: Sending) -> list[str]:
    return list(dict.fromkeys(key.domain for key in sending.keys))


def _aligned(
    sending: Sending, proven: str, records: Records, policy: Policy | None, tag: str
) -> bool:
    is_strict = policy is not None and policy.tags.get(tag).lower() == "s"
    return is_aligned(sending.author, proven, records, is_strict=is_strict)


def _both(sending: Sending, signers: list[str]) -> Diagnosis:
    named = [f"the envelope sender ({sending.envelope})"]
    named += [f"our signature ({', '.join(signers)})"] if signers else []
    verb = "speak" if signers else "speaks"
    return _diagnosis(
        Health.OK,
        f"{' and '.join(named)} {verb} for the sender ({sending.author}), as DMARC "
        "asks.",
    )


def _one(sending: Sending, signers: list[str]) -> Diagnosis:
    if signers:
        return _diagnosis(
            Health.OK,
            f"our signature ({', '.join(signers)}) speaks for {sending.author}; the "
            f"envelope sender ({sending.envelope}) does not, which is enough.",
        )
    domains = ", ".join(_signers(sending))
    return _diagnosis(
        Health.WARNING,
        f"our signature is in the name of {domains}, which does not speak for "
        f"{sending.author}; forwarded mail then has no proof at all.",
        f'Set domain = "{sending.author}" under [dkim] in newsletter.toml, with the '
        "record for it in the DNS.",
    )


def _neither(sending: Sending, policy: Policy | None) -> Diagnosis:
    wish = policy.tags.get("p", "none").lower() if policy else "none"
    if not sending.keys:
        return _diagnosis(
            Health.INFO if wish == "none" else Health.WARNING,
            f"the envelope sender ({sending.envelope}) does not speak for "
            f"{sending.author}; only a signature of your mail server in the name of "
            f"{sending.author} can.",
            "Send a test to a mailbox elsewhere, and look there for dmarc=pass in the "
            "header Authentication-Results.",
        )
    says = f"; the policy p={wish} asks to keep such mail from its readers"
    domains = ", ".join(_signers(sending))
    return _diagnosis(
        Health.WARNING if wish == "none" else Health.ERROR,
        f"neither the envelope sender ({sending.envelope}) nor our signature "
        f"({domains}) speaks for {sending.author}{says if wish != 'none' else ''}.",
        f'Set domain = "{sending.author}" under [dkim] in newsletter.toml, with the '
        "record for it in the DNS.",
    )
