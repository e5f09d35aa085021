"""What is on show: the mail of the present preview, for a recipient, in a view.

Frames are made when they are asked for, once for each version: an imitation that nobody
looks at costs nothing at a save.
"""

from dataclasses import dataclass

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


class Showcase:
    """Makes what is asked for, from the last preview that has a mail.

    Args:
        watch: Has the previews.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self.recipients = Recipients()
        self._of: Preview | None = None
        self._copies: dict[str, Copy] = {}
        self._frames: dict[tuple[str, str, bool], Frame] = {}

    def show(self, wish: Wish) -> Show | None:
        """Return what *wish* leads to, or None where there is no mail at all."""
        preview = self._watch.good
        if preview is None:
            return None
        if preview is not self._of:
            self._of, self._copies, self._frames = preview, {}, {}
        chosen = self.recipients.choose(wish.recipient, preview.copies)
        if chosen is None:
            return None
        key, reader = chosen
        copy = self._copies.get(key) or copy_as(preview, reader)
        if copy is None:
            return None
        self._copies[key] = copy
        return Show(wish, preview, key, copy, self._frame(preview, copy, wish, key))

    def _frame(self, preview: Preview, copy: Copy, wish: Wish, key: str) -> Frame:
        name = (wish.view.id, key, wish.is_dark)
        frame = self._frames.get(name)
        if frame is None:
            frame = make_frame(Sight(preview, copy, wish.view, wish.is_dark))
            self._frames[name] = frame
        return frame
