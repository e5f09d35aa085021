"""Words of links: do they say where a link leads, each another place?"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from newsletter.checks.facts import Facts, found
from newsletter.checks.links.domains import is_front_page
from newsletter.checks.places import named_lines, shown_url
from newsletter.model.assembled import Assembled, LinkUse
from newsletter.model.finding import Finding
from newsletter.model.issue import Issue

#: Say nothing outside their sentence. Screen readers list the links of a mail without
#: the text around them (WCAG 2.4.4, failure F63).
_EMPTY_WORDS = re.compile(
    # Dutch
    "hier|zie hier|klik hier|klikt u hier|lees hier|lees meer|lees verder|meer lezen"
    "|meer|meer info|meer informatie|bekijk hier|via deze link|deze link|link|website"
    "|deze website|download|download hier"
    # English
    "|here|click here|tap here|see here|read here|read more|more|more info"
    "|more information|learn more|find out more|this link|this page|this website"
    # German
    "|klick hier|klicken sie hier|hier klicken|siehe hier|mehr|mehr lesen|weiterlesen"
    "|mehr erfahren|mehr infos|weitere informationen|diesen link|dieser link"
    # French
    "|ici|cliquez ici|cliquer ici|voir ici|lire la suite|lire plus|en savoir plus|plus"
    "|plus d'infos|plus d'informations|ce lien|lien"
    # Arabic
    "|هنا|اضغط هنا|إضغط هنا|اضغطوا هنا|انقر هنا|أنقر هنا|انقروا هنا|انظر هنا"
    "|اقرأ المزيد|إقرأ المزيد|المزيد|للمزيد|لمعرفة المزيد|هذا الرابط|الرابط"
)
#: A bare address that is longer is read out letter by letter for half a minute.
_LONG_ADDRESS = 60
_MARKS = re.compile(r"[\s.,:;!?…()\[\]»«›‹→←>*]+")


def check_link_words(assembled: Assembled, facts: Facts) -> list[Finding]:
    """Report words that do not tell the links of an issue apart, and repeated links."""
    del facts
    uses = [u for u in assembled.links if u.url and u.kind in _WITH_WORDS]
    empty = [use for use in uses if _EMPTY_WORDS.fullmatch(_plain(use.words))]
    others = [use for use in uses if use not in empty]
    return [
        *_report_empty(empty),
        *_report_long([use for use in others if _is_long_address(use.words)]),
        *_report_shared(others),
        *_report_twice(assembled),
    ]


#: Words of events and pictures come from elsewhere: a title, a description.
_WITH_WORDS = ("text", "heading", "button")


def _plain(words: str) -> str:
    return _MARKS.sub(" ", words.lower().replace("\u2019", "'")).strip()


def _is_long_address(words: str) -> bool:
    is_address = words.startswith(("https://", "http://")) and " " not in words
    return is_address and len(words) > _LONG_ADDRESS


def _report_empty(uses: list[LinkUse]) -> Iterator[Finding]:
    if not uses:
        return
    by_words = _grouped(uses, lambda use: _plain(use.words))
    named = ", ".join(
        f'"{group[0].words}" ({named_lines(use.place for use in group)})'
        for group in by_words
    )
    many = "a link does" if len(uses) == 1 else f"{len(uses)} links do"
    yield found(
        "link-words",
        uses[0].place,
        f"{many} not say where it leads: {named}."
        if len(uses) == 1
        else f"{many} not say where they lead: {named}.",
        "Make what is found there the words of the link, such as "
        "[the ruling on family life](https://…).",
    )


def _report_long(uses: list[LinkUse]) -> Iterator[Finding]:
    if not uses:
        return
    lines = named_lines(use.place for use in uses)
    what = (
        f"the words of a link are a long address ({lines})"
        if len(uses) == 1
        else f"the words of {len(uses)} links are long addresses ({lines})"
    )
    yield found(
        "link-words",
        uses[0].place,
        f"{what}: screen readers read out every letter.",
        "Write [what is found there](https://…) instead.",
    )


def _report_shared(uses: list[LinkUse]) -> Iterator[Finding]:
    for group in _grouped(uses, lambda use: _plain(use.words)):
        targets = {_page_of(use.url) for use in group}
        if len(targets) > 1:
            lines = named_lines(use.place for use in group)
            yield found(
                "link-words-shared",
                group[0].place,
                f'"{group[0].words}" leads to {len(targets)} pages ({lines}).',
                "Add to the words what sets the pages apart.",
            )


def _report_twice(assembled: Assembled) -> Iterator[Finding]:
    items = _item_lines(assembled.issue)
    uses = [use for use in assembled.links if _may_be_a_slip(use)]
    for group in _grouped(uses, lambda use: use.url.rstrip("/")):
        first: dict[int, LinkUse] = {}
        for use in group:
            first.setdefault(_item_of(use, items), use)
        if len(first) > 1:
            lines = named_lines(use.place for use in first.values())
            yield found(
                "link-twice",
                list(first.values())[1].place,
                f"{len(first)} items lead to the same page ({lines}): "
                f"{shown_url(group[0].url)}",
                "Look whether one of them was meant to lead elsewhere.",
            )


def _may_be_a_slip(use: LinkUse) -> bool:
    """Whether nobody would write this address twice on purpose."""
    is_page = use.url.startswith(("https://", "http://")) and use.kind != "own"
    return is_page and not is_front_page(use.url)


def _item_lines(issue: Issue) -> list[int]:
    """Return where leads, sections and items begin, in order."""
    items = [item for section in issue.sections for item in section.items]
    places = [
        *(item.place for item in (*issue.leads, *items)),
        *(section.place for section in issue.sections),
    ]
    return sorted(place.line for place in places)


def _item_of(use: LinkUse, lines: list[int]) -> int:
    return max((line for line in lines if line <= use.place.line), default=0)


def _page_of(url: str) -> str:
    return url.partition("#")[0].rstrip("/").lower()


def _grouped(
    uses: Iterable[LinkUse], key: Callable[[LinkUse], str]
) -> list[list[LinkUse]]:
    groups: defaultdict[str, list[LinkUse]] = defaultdict(list)
    for use in uses:
        groups[key(use)].append(use)
    return list(groups.values())
