"""What is on show: the mail of the present preview, for a recipient, in a view.

Frames are made when they are asked for, once for each version: an imitation that nobody
looks at costs nothing at a save.
"""

from dataclasses import dataclass, field

from starlette.datastructures import QueryParams

from newsletter.model.copy import Copy
from newsletter.studio.frames import Frame, Sight, make_frame
from newsletter.studio.recipients import Recipients
from newsletter.studio.views import FIRST_VIEW, VIEWS, View
from newsletter.studio.watch import Watch
from newsletter.workflow.preview import Preview, copy_as


@dataclass(frozen=True, slots=True)
class Wish:
    """What an address of the preview asks for; unknown words mean the usual."""

    view: View = FIRST_VIEW
    #: Key of a recipient; empty: the first.
    recipient: str = ""
    wants_dark: bool = False

    @property
    def is_dark(self) -> bool:
        """Whether dark colours are shown."""
        return self.wants_dark and self.view.can_be_dark


def read_wish(query: QueryParams) -> Wish:
    """Return what the address of a page or of a frame asks for."""
    return Wish(
        view=VIEWS.get(query.get("view", ""), FIRST_VIEW),
        recipient=query.get("for", "")[:80],
        wants_dark=query.get("dark") == "1",
    )


@dataclass(frozen=True, slots=True)
class Show:
    """What one wish leads to."""

    wish: Wish
    preview: Preview
    #: Key of the recipient.
    recipient: str
    copy: Copy
    frame: Frame


@dataclass(frozen=True, slots=True)
class _Made:
    """What was made of one preview; a thread that is late writes into its own."""

    preview: Preview
    copies: dict[str, Copy] = field(default_factory=dict)
    frames: dict[tuple[str, str, bool], Frame] = field(default_factory=dict)


class Showcase:
    """Makes what is asked for, from the last preview that has a mail.

    Args:
        watch: Has the previews.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self.recipients = Recipients()
        self._last: _Made | None = None

    def show(self, wish: Wish) -> Show | None:
        """Return what *wish* leads to, or None where there is no mail at all."""
        preview = self._watch.good
        if preview is None:
            return None
        made = self._made(preview)
        chosen = self.recipients.choose(wish.recipient, preview.copies)
        if chosen is None:
            return None
        key, reader = chosen
        copy = made.copies.get(key) or copy_as(preview, reader)
        if copy is None:
            return None
        made.copies[key] = copy
        return Show(wish, preview, key, copy, _frame(made, copy, wish, key))

    def _made(self, preview: Preview) -> _Made:
        last = self._last
        if last is None or last.preview is not preview:
            last = self._last = _Made(preview)
        return last


def _frame(made: _Made, copy: Copy, wish: Wish, key: str) -> Frame:
    name = (wish.view.id, key, wish.is_dark)
    frame = made.frames.get(name)
    if frame is None:
        frame = make_frame(Sight(made.preview, copy, wish.view, wish.is_dark))
        made.frames[name] = frame
    return frame
