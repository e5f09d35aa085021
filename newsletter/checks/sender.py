"""Who writes: would a reader know them, could they answer, and will it be believed?"""

import re
from collections.abc import Iterator, Mapping, Sequence

from newsletter.addresses import Mailbox, domain_of, is_loopback, parse_mailbox
from newsletter.checks.each_copy import look_at_copies
from newsletter.checks.facts import Facts, found, template_place
from newsletter.checks.page import first_page
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Copy
from newsletter.model.finding import Finding
from newsletter.model.issue import Issue
from newsletter.model.problem import Place

_WORD = re.compile(r"\w+")
_SETTINGS = Place("newsletter.toml")

#: Within a local part, once dots, hyphens and the like are out of it.
_NOBODY_READS = re.compile(
    "noreply|noreplies|notreply|geenantwoord|geenreactie|nietbeantwoorden"
    "|nepasrepondre|keineantwort|nichtantworten"
)

#: What `newsletter init` and the docs write; RFC 2606: nobody's. The endings .example,
#: .test and .invalid are left alone: who writes them does so on purpose.
_EXAMPLES = frozenset({"example.org", "example.com", "example.net"})

_COUNTRIES = r"(?:com|nl|be|de|at|ch|fr|it|es|se|dk|no|fi|pt|ie|co\.uk|com\.au)"
#: Mailboxes for everybody -> their domains, and the mail servers that send for them.
#: For others DMARC says no (gmx, icloud, proton, web.de, yahoo), or Gmail and
#: Outlook.com, for their own, by rule: deliverability notes of 2026-11.
_PROVIDERS: Mapping[str, tuple[str, str]] = {
    "Gmail": (r"(?:gmail|googlemail)\.com", r"(?:gmail|googlemail|google)\.com"),
    "Outlook.com": (
        rf"(?:outlook|hotmail|live|msn)\.{_COUNTRIES}",
        r"(?:outlook|office365|hotmail|live)\.com",
    ),
    "Yahoo": (rf"(?:yahoo|ymail|aol)\.{_COUNTRIES}", r"(?:yahoo|aol|yahoodns)\..+"),
    "GMX": (r"gmx\.[a-z]+", r"gmx\.[a-z]+"),
    "WEB.DE": (r"web\.de", r"web\.de"),
    "iCloud": (r"(?:icloud|me|mac)\.com", r"(?:icloud|me)\.com"),
    "Proton": (r"(?:proton\.me|protonmail\.(?:com|ch)|pm\.me)", r"proton(?:mail)?\..+"),
}

#: Services that send for many domains, whose login says nothing about them.
_RELAYS = re.compile(
    "amazonaws|brevo|elasticemail|mailersend|mailgun|mailjet|mandrillapp|postmarkapp"
    "|scaleway|sendgrid|sendinblue|smtp2go|socketlabs|sparkpostmail|transactional"
)

#: Below a country, what stands before it is no name of anybody's: "co.uk".
_SECOND_LEVEL = frozenset(
    ("ac", "asso", "co", "com", "edu", "gov", "gv", "ne", "net", "nom", "or", "org")
)


def check_sender(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report a sender whom readers do not know, cannot answer or should not trust."""
    issue = assembled.issue
    nobody = look_at_copies(facts, lambda copy: _missing_sender(copy, issue))
    sender = _mailbox(issue.sender or facts.sender)
    findings = [*nobody, *_unanswered(facts, issue, sender)]
    if sender is not None:
        place = _place(issue, "from")
        findings += _unnamed(sender, place)
        findings += _unbelieved(sender, facts, issue)
    return [*findings, *_postal_address(facts, issue)]


def _missing_sender(copy: Copy, issue: Issue) -> Iterator[Finding]:
    if not any("@" in value for value in copy.values("From")):
        yield found(
            "sender-missing",
            _place(issue, "from"),
            "the mail does not say who sends it.",
            'Write sender = "Name <address>" below [newsletter].',
        )


def _mailbox(written: str) -> Mailbox | None:
    try:
        return parse_mailbox(written) if written else None
    except ValueError:  # then there is no mail, and a problem says why
        return None


def _place(issue: Issue, key: str) -> Place:
    """Return where a sender is written: in the issue, or in the settings."""
    return issue.places.get(key, _SETTINGS)


def _unnamed(sender: Mailbox, place: Place) -> Iterator[Finding]:
    if not sender.name or "@" in sender.name:
        yield found(
            "sender-name",
            place,
            f"the sender has no name: lists of mails show {sender.address}.",
            f'Write the name before it: "Your newsletter <{sender.address}>".',
        )


def _unanswered(
    facts: Facts, issue: Issue, sender: Mailbox | None
) -> Iterator[Finding]:
    answers = _mailbox(issue.reply_to or facts.reply_to)
    told = set()
    for key, mailbox in (("from", sender), ("reply_to", answers)):
        address = mailbox.address if mailbox else ""
        local = re.sub(r"[^a-z]", "", address.rpartition("@")[0].casefold())
        if address not in told and _NOBODY_READS.search(local):
            told.add(address)
            yield found(
                "sender-noreply",
                _place(issue, key),
                f"{address} tells readers that nobody wants their answers.",
                "Write an address that somebody reads: answers are worth having, and "
                "providers trust a sender who can be answered.",
            )


def _unbelieved(sender: Mailbox, facts: Facts, issue: Issue) -> Iterator[Finding]:
    """Yield why providers will not take the mail for the sender's own.

    Known as soon as there is a mail server. One on this computer is there for trying
    things out, or hands on to another that is not known.
    """
    host, place = facts.server_host, _place(issue, "from")
    if not host or is_loopback(host):
        return
    domain = domain_of(sender.address)
    if organisation_of(domain) in _EXAMPLES:
        message = f"{sender.address} is an address of the documentation, not yours."
        advice = "Write your own; mail servers refuse mail from this one."
        yield found("sender-example", place, message, advice)
        return
    provider = _other_provider(domain, host)
    if provider:
        yield found(
            "sender-freemail",
            place,
            f"{sender.address} is a mailbox of {provider}, but {host} sends the mail: "
            "providers refuse it as forged, or put it with spam.",
            f"Send through the mail server of {provider}, or write an address of a "
            "domain of your own.",
        )
        return
    yield from _unaligned(domain, facts, issue)


def _other_provider(domain: str, host: str) -> str:
    """Return whose mailbox it is, unless their own server sends; else nothing."""
    for name, (domains, hosts) in _PROVIDERS.items():
        if re.fullmatch(domains, domain):
            return "" if re.fullmatch(rf"(?:.+\.)?{hosts}", host) else name
    return ""


def _unaligned(domain: str, facts: Facts, issue: Issue) -> Iterator[Finding]:
    usual = _mailbox(facts.sender)
    own = organisation_of(domain)
    if usual and issue.sender and organisation_of(domain_of(usual.address)) != own:
        yield found(
            "sender-unaligned",
            _place(issue, "from"),
            f"this issue comes from {domain}, the newsletter from "
            f"{domain_of(usual.address)}: providers may take it for forged.",
            'Take the line "from" out, or make sure that the mail server may send for '
            f'{domain} as well; answers can go there with "reply_to".',
        )
        return
    login = domain_of(facts.server_user) if "@" in facts.server_user else ""
    if (
        login
        and organisation_of(login) != own
        and not _RELAYS.search(facts.server_host)
    ):
        yield found(
            "sender-unaligned",
            _place(issue, "from"),
            f"the mail server knows you as {facts.server_user}, but the mail comes "
            f"from {domain}: many servers refuse that, or write their own sender.",
            f"Make sure that this server may send for {domain} (SPF and DKIM), or use "
            "the sender that it knows.",
        )


def organisation_of(domain: str) -> str:
    """Return the domain that an organisation has registered: "example.org".

    Without the list of public suffixes a guess, but one that errs to the good side: two
    registered names below the same rare suffix count as one organisation.
    """
    labels = domain.casefold().rstrip(".").split(".")
    is_below = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3:] if is_below else labels[-2:])


def _postal_address(facts: Facts, issue: Issue) -> Iterator[Finding]:
    words = _WORD.findall(facts.postal_address.casefold())
    if not words:
        yield found(
            "postal-address",
            _SETTINGS,
            "the footer has no postal address.",
            'Add a line "address = …" below [newsletter]: '
            "many countries ask for it by law, and readers trust who has one.",
        )
        return
    page = first_page(facts)
    # A footer of one's own may break it into lines, without the commas.
    if page is not None and not _stand_together(words, page.text):
        yield found(
            "postal-address",
            template_place(issue, facts),
            "the mail does not show your postal address.",
            "Put it back into the footer of the template: {{ address }}.",
        )


def _stand_together(words: Sequence[str], text: str) -> bool:
    """Whether words follow one another in a text, whatever stands between them."""
    said = " ".join(_WORD.findall(text.casefold()))
    return f" {' '.join(words)} " in f" {said} "
