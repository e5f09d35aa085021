"""A view of somebody's copy -> the page in the frame, and what is said beside it.

Each kind of view is a function of the same shape in `FRAMES`. What a mail program would
make of the mail is `newsletter.clients`' business; here it only gets its frame.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from newsletter.clients.imitations import IMITATIONS, imitate
from newsletter.clients.message_source import message_source
from newsletter.clients.reading import reading_order
from newsletter.errors import OperationError
from newsletter.model.copy import Copy
from newsletter.studio.mail_frame import FRAME_POLICY, OWN_FRAME_POLICY, frame_html
from newsletter.studio.views import Kind, View
from newsletter.workflow.copies import UNKNOWN_READER
from newsletter.workflow.preview import Preview, Since, changes_in

#: Leads to an explanation where each reader has a link of their own.
PERSONAL_URL = "personal-link"

#: Stands in the source for a subscriber's address, which nobody asked to see.
_LEFT_OUT = b"address-left-out@example.org"

#: Imitation that is laid over a view when the dark switch is on.
OBEYS_DARK = "dark-obey"

#: Imitations that change every colour, and nothing else.
_DARK = frozenset({OBEYS_DARK, "dark-partial", "dark-invert"})
_CALM = "Nothing is lost or changed here."
_RECOLOURED = "Nothing is lost here; only colours are other ones."

#: A picture that is not ours to show.
_ELSEWHERE = re.compile(
    r"""<img\b[^>]*?\ssrc\s*=\s*["']?\s*(?:https?:)?//""", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Frame:
    """What a view shows."""

    html: str
    #: Content policy of that page.
    policy: str
    #: What it is, and which facts it rests on; sentences.
    note: str
    #: Date of the facts of an imitation: "2026-06-29"; else empty.
    facts_date: str = ""
    #: What was lost or changed on the way; each a sentence.
    remarks: tuple[str, ...] = ()
    #: The same for who writes templates.
    details: tuple[str, ...] = ()
    #: Said where nothing is lost.
    calm: str = _CALM
    #: Pictures of the mail that the preview does not load.
    unloaded: int = 0


@dataclass(frozen=True, slots=True)
class Sight:
    """What is looked at, and how."""

    preview: Preview
    copy: Copy
    view: View
    is_dark: bool = False


def make_frame(sight: Sight) -> Frame:
    """Return what a view shows of a copy."""
    return FRAMES[sight.view.kind](sight)


def _mail(sight: Sight) -> Frame:
    html, names = sight.copy.html, []
    if sight.is_dark:
        names.append(OBEYS_DARK)
    if sight.view.imitation:
        names.append(sight.view.imitation)
    remarks: list[str] = []
    details: list[str] = []
    for name in names:
        imitated = imitate(name, html, html_bytes=sight.copy.html_bytes)
        html = imitated.html
        remarks += imitated.remarks
        details += imitated.details
    imitations = [IMITATIONS[name] for name in names]
    framed = frame_html(
        html,
        tokens=sight.copy.tokens,
        pictures=_picture_addresses(sight.preview),
        personal_url=PERSONAL_URL,
    )
    return Frame(
        html=framed,
        policy=FRAME_POLICY,
        note=" ".join(one.note for one in imitations) or sight.view.note,
        facts_date=max((one.facts_date for one in imitations), default=""),
        remarks=tuple(remarks),
        details=tuple(details),
        calm=_RECOLOURED if _DARK.intersection(names) else _CALM,
        unloaded=len(_ELSEWHERE.findall(framed)),
    )


def _text(sight: Sight) -> Frame:
    return _own(sight, "text.html.j2", text=sight.copy.text)


def _reading(sight: Sight) -> Frame:
    return _own(sight, "reading.html.j2", stops=reading_order(sight.copy.html))


def _source(sight: Sight) -> Frame:
    data, email = sight.copy.data, sight.copy.reader.email
    if email != UNKNOWN_READER.email:
        data = re.sub(re.escape(email.encode()), _LEFT_OUT, data, flags=re.IGNORECASE)
    return _own(sight, "source.html.j2", source=message_source(data))


def _changes(sight: Sight) -> Frame:
    since: Since = "previous" if sight.view.id == "previous" else "tested"
    found, trouble = None, ""
    try:
        found = changes_in(sight.preview, since=since)
    except OperationError as error:  # told where the changes would stand
        trouble = str(error)
    return _own(sight, "changes.html.j2", found=found, trouble=trouble)


#: Kind of view -> what makes its frame.
FRAMES: Mapping[Kind, Callable[[Sight], Frame]] = {
    "mail": _mail,
    "text": _text,
    "reading": _reading,
    "source": _source,
    "changes": _changes,
}


def _own(sight: Sight, template: str, **values: object) -> Frame:
    """Return a page of ours about the mail."""
    issue = sight.preview.issue
    html = (
        _environment()
        .get_template(template)
        .render(
            view=sight.view,
            is_dark=sight.is_dark,
            language=issue.language if issue else "",
            **values,
        )
    )
    return Frame(html, OWN_FRAME_POLICY, sight.view.note)


def _picture_addresses(preview: Preview) -> dict[str, str]:
    """Return where each picture of the mail is here, by its address in the mail.

    From the frame on, so that the mail does not hold the folder we are in.
    """
    assembled, project = preview.assembled, preview.project
    if assembled is None or project is None:
        return {}
    hosted = f"{project.settings.newsletter.base_url}/{assembled.issue.slug}"
    addresses = {}
    for image in assembled.images:
        addresses[f"cid:{image.content_id}"] = f"picture/{image.name}"
        addresses[f"{hosted}/{image.name}"] = f"picture/{image.name}"
    return addresses


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("newsletter.studio", "pages/frames"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
