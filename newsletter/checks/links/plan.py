"""Which links of an issue are asked, and what each use of one comes to in the end.

In: the links of an issue, and what was observed. Out: addresses to ask, then a
judgement for each use. Law: an address that may be a reader's own is never asked.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from posixpath import normpath
from urllib.parse import unquote, urlsplit

from newsletter.checks.links.clean import (
    clean_address,
    hidden_character,
    mail_question,
    shown_address,
)
from newsletter.checks.links.judge import judge
from newsletter.checks.links.reach import Network
from newsletter.model.assembled import LinkUse
from newsletter.model.link import (
    BrokenAddress,
    CheckedBreak,
    CheckedLink,
    History,
    Judgement,
    Sightings,
    Verdict,
)

_SOMEBODYS_OWN = Judgement(
    Verdict.UNSAFE,
    "it is one reader's own address: who opens it can take that reader off the list.",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be asked for the links of an issue."""

    #: Address as written -> what is known without asking; of a mail address, asking
    #: may tell more.
    known: Mapping[str, Judgement]
    #: Address as written -> address to ask.
    asked: Mapping[str, str]
    #: Addresses broken over two lines: each of their joins is in *known* or *asked*.
    breaks: tuple[BrokenAddress, ...] = ()


#: Of our pages: those for leaving, and those for confirming that one wants to join.
_PERSONAL_FOLDERS = ("u", "confirm")


@dataclass(frozen=True, slots=True)
class OwnPages:
    """Public addresses of this newsletter that are not asked."""

    #: Without a closing slash; empty when there are no pages.
    base_url: str = ""
    #: The issue that is being checked: its page is made when it is sent.
    slug: str = ""

    def is_personal(self, url: str) -> bool:
        """Whether *url* is made for one reader."""
        return any(self._is_below(url, folder) for folder in _PERSONAL_FOLDERS)

    def is_to_come(self, url: str) -> bool:
        """Whether *url* is part of the page this issue will have."""
        return self._is_below(url, self.slug)

    def _is_below(self, url: str, folder: str) -> bool:
        base = self.base_url
        return bool(base) and _place(url).startswith(f"{_place(base)}/{folder}/")


def _place(url: str) -> str:
    """Return host and path of *url* in the one form that all its spellings share.

    Our server answers to each of them: by http too, and with "%75" for "u".
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    host = (parts.hostname or "").rstrip(".")
    place = host if port in (None, 80, 443) else f"{host}:{port}"
    path = re.sub("/+", "/", unquote(parts.path))
    folder = "/" if path.endswith("/") and path != "/" else ""
    # Two slashes at the beginning are kept by normpath, and mean nothing here.
    return f"{place}{normpath(path or '/').rstrip('/')}{folder}".casefold()


def plan_links(
    uses: Iterable[LinkUse],
    own: OwnPages,
    *,
    allowed: Sequence[Network] = (),
    breaks: tuple[BrokenAddress, ...] = (),
) -> Plan:
    """Return what is to be asked; promised links without an address are left out.

    Args:
        uses: The links of an issue.
        own: Addresses that are not asked.
        allowed: Private networks that may be asked all the same.
        breaks: Addresses of its definition that are broken over two lines.
    """
    known: dict[str, Judgement] = {}
    asked: dict[str, str] = {}
    whole = [use.url for use in uses if use.kind != "own" and use.url]
    parts = [url for broken in breaks for url in (broken.first, *broken.joins)]
    for url in dict.fromkeys((*whole, *parts)):
        cleaned = clean_address(url, allowed)
        if own.is_personal(url):
            known[url] = _SOMEBODYS_OWN
        elif isinstance(cleaned, Judgement):
            known[url] = cleaned
            if question := _mail_question(url, cleaned):
                asked[url] = question
        elif not own.is_to_come(url):
            asked[url] = cleaned
    return Plan(known, asked, breaks)


def _mail_question(url: str, judgement: Judgement) -> str:
    is_sound_mail = url[:7].lower() == "mailto:" and judgement.verdict is Verdict.OK
    return mail_question(url) if is_sound_mail else ""


def conclude_links(
    uses: Iterable[LinkUse], plan: Plan, seen: Sightings | None
) -> tuple[CheckedLink, ...]:
    """Return each use with its judgement; what was not looked at is left out.

    A user name or password in an address is taken out: it has no place in a report.

    Args:
        uses: The links of the issue.
        plan: Of the same links.
        seen: None when nothing was asked.
    """
    judgements = _judge_all(plan, seen)
    histories = seen.histories if seen else {}
    return tuple(
        CheckedLink(
            replace(use, url=shown_address(use.url)),
            judgements[use.url],
            _history_of(
                judgements[use.url], histories.get(plan.asked.get(use.url, ""))
            ),
        )
        for use in uses
        if use.kind != "own" and use.url in judgements
    )


def conclude_breaks(plan: Plan, seen: Sightings | None) -> tuple[CheckedBreak, ...]:
    """Return each broken address with what its joins came to, as `conclude_links`."""
    judgements = _judge_all(plan, seen)
    return tuple(
        CheckedBreak(
            broken,
            {
                url: judgements[url]
                for url in (broken.first, *broken.joins)
                if url in judgements
            },
        )
        for broken in plan.breaks
    )


def _judge_all(plan: Plan, seen: Sightings | None) -> dict[str, Judgement]:
    """Return address as written -> judgement, of all that is known or was seen."""
    judgements = dict(plan.known)
    if seen is not None:
        for url, address in plan.asked.items():
            if address not in seen.looks:
                continue
            judged = _judge_use(url, address, seen)
            # Of a mail address nobody needs to know that its domain was not found out.
            if judged.verdict is not Verdict.TIMEOUT or url not in judgements:
                judgements[url] = judged
    return judgements


def _judge_use(url: str, address: str, seen: Sightings) -> Judgement:
    is_judged = seen.has_network or address in seen.remembered
    looks, fragment = seen.looks[address], url.partition("#")[2]
    judged = judge(looks, fragment=fragment, has_network=is_judged)
    hidden = hidden_character(url)
    if hidden and judged.verdict is Verdict.BROKEN:
        reason = f"{judged.reason} It holds an invisible character ({hidden})."
        return replace(judged, reason=reason)
    return _with_new_url(judged, url)


def _history_of(judgement: Judgement, history: History | None) -> History | None:
    """Return the history only where it is that of this verdict.

    Histories are of addresses; a place in a page may be judged otherwise.
    """
    if history is None or history.verdict is not judgement.verdict:
        return None
    return history


def _with_new_url(judgement: Judgement, url: str) -> Judgement:
    """Carry the place within the page over to a new address, as browsers do."""
    new, fragment = shown_address(judgement.new_url), url.partition("#")[2]
    if new and fragment and "#" not in new:
        new = f"{new}#{fragment}"
    return replace(judgement, new_url=new)
