"""The body of an answer -> facts about the page: title, first words, anchors.

In: the bytes as far as they were read, unpacked. Out: `PageFacts`, without opinion.
Law: no body makes it fail, and no body takes it long: what is beyond the limits below
is left out.
"""

import codecs
import re
from collections.abc import Iterator
from itertools import islice

from lxml import etree

from newsletter.model.link import PageFacts

#: More of a body is not looked at, whoever calls: 0.25 MB parse in about 10 ms.
_MAX_BYTES = 256 * 1024
_MAX_WORDS = 600
_MAX_TITLE = 300
_MAX_ANCHORS = 1000
_MAX_SOURCES = 40
#: Longest address or anchor kept; longer ones are data, not names.
_MAX_NAME = 300

_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
#: Elements whose text no visitor sees.
_UNSEEN = frozenset({"script", "style", "template", "noscript", "head", "svg", "title"})
#: HTML Standard, 13.2.3.2: an encoding is declared in the first 1024 bytes.
_DECLARED = re.compile(
    rb"""<meta[^>]{0,200}?charset\s{0,5}=\s{0,5}["']?\s{0,5}([a-zA-Z0-9_:.-]{1,40})""",
    re.IGNORECASE,
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_REFRESH = re.compile(r"\s*[\d.]{1,6}\s*[;,]\s*(?:url\s*=\s*)?['\"]?([^'\"]*)", re.I)


def read_page(
    body: bytes, media_type: str, charset: str | None, *, is_whole: bool
) -> PageFacts:
    """Return what stands in a page; of anything but HTML, only type and size.

    Args:
        body: What was read of it, with its content encoding undone.
        media_type: Of the answer, with or without parameters; may be empty.
        charset: As the answer says, or None.
        is_whole: Whether *body* goes to its end.
    """
    kind = media_type.partition(";")[0].strip().lower()
    is_whole = is_whole and len(body) <= _MAX_BYTES
    bare = PageFacts(kind, is_whole=is_whole, size_bytes=len(body))
    if kind and kind not in _HTML_TYPES:
        return bare
    root = _parse(_decode(body[:_MAX_BYTES], charset))
    if root is None:
        return bare
    return PageFacts(
        media_type=kind,
        title=_words_of(root, "//title[not(ancestor::svg)]")[:_MAX_TITLE],
        headline=_headline(root),
        words=_first_words(root),
        anchors=_names(root, _ANCHORS, _MAX_ANCHORS),
        sources=_names(root, _SOURCES, _MAX_SOURCES),
        refresh=_refresh(root),
        asks_password=bool(root.xpath("//input[@type='password']")),
        has_script=bool(root.xpath("//script")),
        own_places=_own_places(root),
        is_whole=is_whole,
        size_bytes=len(body),
    )


_ANCHORS = "//@id | //a/@name"
_SOURCES = "//script/@src | //iframe/@src | //frame/@src | //form/@action"


def _decode(body: bytes, charset: str | None) -> str:
    """Return the text, whatever the bytes are (HTML Standard, 13.2.3)."""
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    declared = _DECLARED.search(body, 0, 1024)
    for encoding in (charset or "", declared[1].decode("ascii") if declared else ""):
        if encoding and (text := _decoded(body, encoding)) is not None:
            return text
    return body.decode("utf-8", "replace")


def _decoded(body: bytes, name: str) -> str | None:
    """Return the text, or None where *name* is no encoding of texts.

    Python also knows "encodings" that are none, or that raise whatever they are told:
    rot13, zlib, idna.
    """
    try:
        return body.decode(name, "replace")
    except (LookupError, ValueError, TypeError):
        return None


def _parse(text: str) -> etree._Element | None:
    # A NUL ends a document for libxml2. The bytes are recoded because lxml refuses
    # text that declares an encoding.
    data = text.replace("\0", "").encode("utf-8", "replace")
    # Huge means deep here: libxml2 gives up at 256 elements within one another, and so
    # at 2048. Page builders go beyond 256. The size is bounded by us.
    parser = etree.HTMLParser(
        encoding="utf-8",
        recover=True,
        no_network=True,
        remove_comments=True,
        huge_tree=True,
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError:  # empty, or nothing but blanks
        return None


def _words_of(root: etree._Element, path: str) -> str:
    found = root.xpath(path)
    return _spaced("".join(found[0].itertext())) if found else ""


def _headline(root: etree._Element) -> str:
    for level in ("h1", "h2"):
        for heading in islice(root.iter(level), 5):
            if words := _spaced("".join(heading.itertext())):
                return words[:_MAX_TITLE]
    return ""


def _first_words(root: etree._Element) -> str:
    kept: list[str] = []
    length = 0
    for text in _seen_text(root):
        if words := _spaced(text):
            kept.append(words)
            length += len(words) + 1
        if length > _MAX_WORDS:
            break
    return " ".join(kept)[:_MAX_WORDS]


def _seen_text(root: etree._Element) -> Iterator[str]:
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        if event == "end":
            yield element.tail or ""
        elif element.tag in _UNSEEN or "hidden" in element.attrib:
            walk.skip_subtree()
        else:
            yield element.text or ""


def _names(root: etree._Element, path: str, most: int) -> tuple[str, ...]:
    names = (str(name).strip() for name in root.xpath(path))
    kept = (name for name in names if 0 < len(name) <= _MAX_NAME)
    return tuple(islice(dict.fromkeys(kept), most))


def _own_places(root: etree._Element) -> tuple[str, ...]:
    named = _names(root, "//a[starts-with(@href, '#')]/@href", _MAX_ANCHORS)
    return tuple(name[1:] for name in named if name != "#")


def _refresh(root: etree._Element) -> str:
    for meta in root.iter("meta"):
        if (meta.get("http-equiv") or "").strip().lower() == "refresh":
            match = _REFRESH.match(meta.get("content") or "")
            return match[1].strip()[:_MAX_NAME] if match else ""
    return ""


def _spaced(text: str) -> str:
    return " ".join(text.split())
