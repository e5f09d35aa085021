"""The editions of an issue for whoever is not reading mail: web page and calendar.

The PDF is made apart (`newsletter.assembly.pdf`), by an extra that may be missing.
"""

from collections.abc import Mapping

from newsletter.assembly.calendar import render_calendars
from newsletter.assembly.loaders import Templates
from newsletter.assembly.webpage import render_webpage
from newsletter.model.assembled import AssembledImage, Editions
from newsletter.model.issue import Issue
from newsletter.model.settings import Settings


def assemble_editions(
    issue: Issue,
    settings: Settings,
    images: Mapping[str, AssembledImage],
    templates: Templates | None = None,
) -> Editions:
    """Return web page and calendar files of an issue; nothing in them is personal.

    Args:
        issue: What the editor wrote.
        settings: The newsletter's.
        images: Prepared pictures by source; their files lie beside the page.
        templates: Built-in ones and the project's; without, the built-in ones.

    Raises:
        DefinitionError: A template of the project is wrong; names it with its line.
    """
    return Editions(
        web_page=render_webpage(issue, settings, images, templates),
        calendars=render_calendars(issue, settings),
    )
