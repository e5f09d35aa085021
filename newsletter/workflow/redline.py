"""Two copies of a mail -> what changed from one to the other, for people. Pure.

Compared is what a reader sees or follows: subject, preheader, sender, the words of the
text part, links, pictures. Not compared are dates and ids of the message, tokens, the
issue's own pages, numbers of links and of sections, and how it looks:
`Changes.is_restyled` only tells that the HTML differs and nothing else does. Whether
two mails are the same is for the content hash to say, never for this.
"""

from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from typing import TypeVar
from urllib.parse import urlsplit

from newsletter.checks.page import page_of
from newsletter.clients.reading import preheader_in
from newsletter.model.copy import Copy
from newsletter.workflow.changes import (
    Change,
    Changes,
    Kind,
    MailLink,
    MailPicture,
    Paragraph,
    Run,
    Stretch,
)
from newsletter.workflow.passages import Passage, own_addresses, read_passages, words_of

#: Pairs of words compared one by one; two longer paragraphs count as one removed and
#: one added.
_MOST_PAIRS = 500_000
#: Least share of words that two passages, or two paragraphs, have in common to be the
#: same one, rewritten.
_LIKENESS = 0.5
#: Pairs of passages without a namesake that are compared; of more, none.
_MOST_STRANGERS = 60_000

_Thing = TypeVar("_Thing")


def compare(old: Copy, new: Copy) -> Changes:
    """Return what changed from *old* to *new*; 200 items in less than 0.2 s.

    Both must be copies of the same reader with the same tokens, or what is personal
    counts as a change.
    """
    text = tuple(_compare_texts(read_passages(old.text), read_passages(new.text)))
    links_removed, links_added = _apart(_links(old), _links(new))
    pictures_removed, pictures_added = _apart(_pictures(old), _pictures(new))
    changes = Changes(
        text=text,
        subject=_change(_header(old, "Subject"), _header(new, "Subject")),
        preheader=_change(_preheader(old), _preheader(new)),
        sender=_change(_header(old, "From"), _header(new, "From")),
        reply_to=_change(_header(old, "Reply-To"), _header(new, "Reply-To")),
        links_added=links_added,
        links_removed=links_removed,
        pictures_added=pictures_added,
        pictures_removed=pictures_removed,
    )
    if changes.is_empty and old.html != new.html:
        return Changes(text, is_restyled=True)
    return changes


# --- head, links, pictures ------------------------------------------------------------


def _change(old: str, new: str) -> Change | None:
    return None if old == new else Change(old, new, _compare_words(old, new))


def _header(copy: Copy, name: str) -> str:
    written = ", ".join(copy.values(name))
    try:
        return str(make_header(decode_header(written)))
    except (HeaderParseError, LookupError, UnicodeDecodeError):
        return written


def _preheader(copy: Copy) -> str:
    body = page_of(copy.html).root.find("body")
    return "" if body is None else preheader_in(body)


def _links(copy: Copy) -> Mapping[str, MailLink]:
    """Return each address once; those of the reader and of the issue are left out."""
    own = own_addresses(copy.text)
    words: dict[str, str] = {}
    for link in page_of(copy.html).links:
        if not link.href.startswith(own):
            words.setdefault(link.href, link.words)
    return {url: MailLink(url, said) for url, said in words.items()}


def _pictures(copy: Copy) -> Mapping[str, MailPicture]:
    """Return pictures by what names the picture itself, wherever it is kept."""
    pictures: dict[str, MailPicture] = {}
    for element in page_of(copy.html).elements:
        if element.tag == "img":
            name = urlsplit(element.get("src", "")).path.rpartition("/")[2]
            pictures[name] = MailPicture(name, element.get("alt", "").strip())
    return pictures


def _apart(
    old: Mapping[str, _Thing], new: Mapping[str, _Thing]
) -> tuple[tuple[_Thing, ...], tuple[_Thing, ...]]:
    """Return what only *old* has, and what only *new* has."""
    return (
        tuple(thing for name, thing in old.items() if name not in new),
        tuple(thing for name, thing in new.items() if name not in old),
    )


# --- passages -------------------------------------------------------------------------


def _compare_texts(old: Sequence[Passage], new: Sequence[Passage]) -> Iterator[Stretch]:
    """Yield every passage in the order of *new*, removed ones where they stood."""
    source = _pair(old, new)
    moved = _out_of_order(source)
    removed = deque(sorted(set(range(len(old))) - set(source.values())))
    for at, passage in enumerate(new):
        origin = source.get(at)
        if origin is None:
            yield _whole(passage, Kind.ADDED)
            continue
        while at not in moved and removed and removed[0] < origin:
            yield _whole(old[removed.popleft()], Kind.REMOVED)
        yield _compare_passages(old[origin], passage, is_moved=at in moved)
    for index in removed:
        yield _whole(old[index], Kind.REMOVED)


def _pair(old: Sequence[Passage], new: Sequence[Passage]) -> dict[int, int]:
    """Return which passage of *old* each of *new* was: equal, namesake or alike."""
    source: dict[int, int] = {}
    left = dict(enumerate(old))
    for name_of in (lambda one: one, lambda one: (one.role, one.title)):
        waiting: defaultdict[object, deque[int]] = defaultdict(deque)
        for index, passage in left.items():
            waiting[name_of(passage)].append(index)
        for at, passage in enumerate(new):
            same = waiting.get(name_of(passage))
            if at not in source and same:
                source[at] = same.popleft()
                del left[source[at]]
    strangers = {at: one for at, one in enumerate(new) if at not in source}
    if len(strangers) * len(left) <= _MOST_STRANGERS:
        _pair_alike(left, strangers, source)
    return source


def _pair_alike(
    old: Mapping[int, Passage], new: Mapping[int, Passage], source: dict[int, int]
) -> None:
    """Add to *source* those that have most of their words in common, likest first."""
    had, has = ({at: _bag(one) for at, one in side.items()} for side in (old, new))
    pairs = [
        (_likeness(had[index], words), at, index)
        for at, words in has.items()
        for index in had
        if old[index].role is new[at].role
    ]
    taken = set[int]()
    for likeness, at, index in sorted(pairs, key=lambda pair: (-pair[0], pair[1:])):
        if likeness >= _LIKENESS and at not in source and index not in taken:
            source[at] = index
            taken.add(index)


def _bag(passage: Passage) -> Counter[str]:
    return Counter(f"{passage.title} {' '.join(passage.paragraphs)}".split())


def _likeness(one: Counter[str], other: Counter[str]) -> float:
    """Return twice the share of words in common, as `SequenceMatcher.ratio` does."""
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 1


def _out_of_order(source: Mapping[int, int]) -> frozenset[int]:
    """Return the fewest passages that must have moved: all but the longest rise."""
    ends: list[int] = []
    last: list[int] = []
    before: dict[int, int | None] = {}
    for at in sorted(source):
        length = bisect_left(ends, source[at])
        before[at] = last[length - 1] if length else None
        ends[length:] = (
            [source[at]] if length == len(ends) else [source[at], *ends[length + 1 :]]
        )
        last[length:] = [at] if length == len(last) else [at, *last[length + 1 :]]
    kept = set[int]()
    link = last[-1] if last else None
    while link is not None:
        kept.add(link)
        link = before[link]
    return frozenset(source) - kept


def _whole(passage: Passage, kind: Kind) -> Stretch:
    return Stretch(
        passage.role,
        kind,
        _paragraph(passage.title, kind) if passage.title else None,
        tuple(_paragraph(text, kind) for text in passage.paragraphs),
    )


def _compare_passages(old: Passage, new: Passage, *, is_moved: bool) -> Stretch:
    if (old.title, old.paragraphs) == (new.title, new.paragraphs):
        whole = _whole(new, Kind.SAME)
        kind = Kind.MOVED if is_moved else Kind.SAME
        return Stretch(whole.role, kind, whole.title, whole.paragraphs)
    title = _rewritten(old.title, new.title) if new.title else None
    below = tuple(_compare_paragraphs(old.paragraphs, new.paragraphs))
    return Stretch(new.role, Kind.CHANGED, title, below)


# --- paragraphs and words -------------------------------------------------------------


def _compare_paragraphs(old: Sequence[str], new: Sequence[str]) -> Iterator[Paragraph]:
    matcher = SequenceMatcher(None, old, new)
    for code, start, end, new_start, new_end in matcher.get_opcodes():
        if code == "equal":
            yield from (_paragraph(text, Kind.SAME) for text in old[start:end])
        else:
            yield from _replace(old[start:end], new[new_start:new_end])


def _replace(old: Sequence[str], new: Sequence[str]) -> Iterator[Paragraph]:
    """Yield what stands instead of *old*: likes as rewritten, in the order of *new*."""
    waiting = deque(old)
    for text in new:
        at = next((i for i, one in enumerate(waiting) if _are_alike(one, text)), None)
        if at is None:
            yield _paragraph(text, Kind.ADDED)
            continue
        for _ in range(at):
            yield _paragraph(waiting.popleft(), Kind.REMOVED)
        yield _rewritten(waiting.popleft(), text)
    yield from (_paragraph(text, Kind.REMOVED) for text in waiting)


def _are_alike(one: str, other: str) -> bool:
    had, has = (Counter(text.split()) for text in (one, other))
    return _likeness(had, has) >= _LIKENESS


def _paragraph(text: str, kind: Kind) -> Paragraph:
    return Paragraph(kind, (Run(kind, text),))


def _rewritten(old: str, new: str) -> Paragraph:
    if old == new:
        return _paragraph(new, Kind.SAME)
    return Paragraph(Kind.CHANGED, _compare_words(old, new))


def _compare_words(old: str, new: str) -> tuple[Run, ...]:
    had, has = words_of(old), words_of(new)
    whole = (Run(Kind.REMOVED, old), Run(Kind.ADDED, new))
    if len(had) * len(has) > _MOST_PAIRS:
        return whole
    # Without its space, the last word of a text is the same as one amid it.
    bare, bare_new = ([word.rstrip() for word in words] for words in (had, has))
    matcher = SequenceMatcher(None, bare, bare_new, autojunk=False)
    runs: list[Run] = []
    for code, start, end, new_start, new_end in matcher.get_opcodes():
        if code == "equal":
            runs.append(Run(Kind.SAME, "".join(has[new_start:new_end])))
            continue
        if end > start:
            runs.append(Run(Kind.REMOVED, "".join(had[start:end])))
        if new_end > new_start:
            runs.append(Run(Kind.ADDED, "".join(has[new_start:new_end])))
    # What little two lines have in common, strewn among the rest, cannot be read.
    is_strewn = sum(run.kind is Kind.SAME for run in runs) > 1
    return whole if is_strewn and not _are_alike(old, new) else tuple(runs)
