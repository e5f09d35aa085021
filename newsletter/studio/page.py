"""The page around the mail: what the inbox shows, what is wrong, how to look at it."""

from dataclasses import dataclass
from datetime import date
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from functools import cache
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined

from newsletter.i18n import format_date
from newsletter.model.copy import Copy
from newsletter.model.issue import Field
from newsletter.studio.notes import group_notes, links_line, status_line, worst
from newsletter.studio.showcase import Show, Showcase, Wish
from newsletter.studio.views import VIEW_GROUPS
from newsletter.workflow.preview import Preview

#: Bytes of the HTML part that Gmail shows (email-bugs#56).
_SHOWN_BYTES = 102 * 1024


@dataclass(frozen=True, slots=True)
class Inbox:
    """What a list of mails shows of one."""

    sender_name: str
    sender_address: str
    subject: str
    preheader: str


def preview_page(
    preview: Preview, *, showcase: Showcase, wish: Wish, version: int
) -> str:
    """Return the page.

    Args:
        preview: The present state.
        showcase: Has the last mail there was; dimmed where the present has none.
        wish: The view, and for whom.
        version: Number of the present state.
    """
    show = showcase.show(wish)
    return (
        _environment()
        .get_template("preview.html.j2")
        .render(
            preview=preview,
            show=show,
            wish=wish,
            frame_query=_frame_query(wish, version),
            inbox=_inbox(show) if show else None,
            is_old=not preview.copies and show is not None,
            is_partial=bool(preview.copies) and bool(preview.problems),
            facts_day=_day(show.frame.facts_date) if show else "",
            groups=group_notes(preview),
            view_groups=VIEW_GROUPS,
            choices=showcase.recipients.choices(show.preview.copies) if show else (),
            status=status_line(preview),
            links_line=links_line(preview),
            worst=worst(preview),
            size=_size(show.copy) if show else None,
            test_to=preview.project.settings.test_to if preview.project else (),
            has_server=bool(preview.project and preview.project.settings.server),
            version=version,
        )
    )


def _day(facts_date: str) -> str:
    return (
        format_date(date.fromisoformat(facts_date), "en", weekday=False)
        if facts_date
        else ""
    )


def _frame_query(wish: Wish, version: int) -> str:
    asked = {"view": wish.view.id, "for": wish.recipient, "v": str(version)}
    return urlencode(asked | ({"dark": "1"} if wish.wants_dark else {}))


def _inbox(show: Show) -> Inbox:
    preview, copy = show.preview, show.copy
    return Inbox(
        sender_name=preview.sender_name,
        sender_address=preview.sender_address,
        subject=_subject(copy),
        preheader=_preheader(preview, copy),
    )


def _subject(copy: Copy) -> str:
    """Return the subject of the final bytes, decoded."""
    written = "".join(copy.values("Subject"))
    try:
        return str(make_header(decode_header(written)))
    except (HeaderParseError, LookupError, UnicodeDecodeError):
        return written


def _preheader(preview: Preview, copy: Copy) -> str:
    if preview.issue is None:
        return ""
    return "".join(
        copy.reader.fields.get(part.name, "").strip() or part.fallback
        if isinstance(part, Field)
        else part.text
        for part in preview.issue.preheader
    )


@dataclass(frozen=True, slots=True)
class Size:
    """How big the HTML part is."""

    #: "34 KB".
    told: str
    #: Of what Gmail shows: 0 to 100, more is cut.
    per_cent: int


def _size(copy: Copy) -> Size:
    kilobytes = max(1, round(copy.html_bytes / 1024))
    return Size(f"{kilobytes} KB", round(100 * copy.html_bytes / _SHOWN_BYTES))


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("newsletter.studio", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
