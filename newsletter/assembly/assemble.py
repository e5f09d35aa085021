"""Issue + settings + templates -> the mail of an issue, before anybody's name is in it.

Here HTML (`pages`), text (`plaintext`) and links meet; they share the markers of one
`SlotMarker`. The text part comes from the issue itself, never from the HTML.
"""

from collections.abc import Mapping

from newsletter.assembly.calendar import calendar_files
from newsletter.assembly.links import collect_links
from newsletter.assembly.loaders import Templates
from newsletter.assembly.mail import Mail
from newsletter.assembly.pages import render_html
from newsletter.assembly.plaintext import render_text
from newsletter.assembly.slots import SlotMarker
from newsletter.i18n import words
from newsletter.model.assembled import Assembled, AssembledImage, LinkUse
from newsletter.model.issue import Field, Issue, Text
from newsletter.model.problem import Place
from newsletter.model.settings import Settings
from newsletter.model.walk import images_of


def assemble_issue(
    issue: Issue,
    settings: Settings,
    images: Mapping[str, AssembledImage],
    templates: Templates,
) -> Assembled:
    """Return the mail of an issue: HTML, text, slots, links and pictures.

    Args:
        issue: What the editor wrote.
        settings: The newsletter's, theme included.
        images: Prepared pictures by source; the logo by `Theme.logo_source`.
        templates: Built-in ones and the project's.

    Raises:
        DefinitionError: A template is missing or wrong; names it with its line.
    """
    slots = SlotMarker(
        f"{issue!r}{settings.newsletter!r}",
        language=issue.language,
        dates=[name for name, field in settings.fields.items() if field.type == "date"],
    )
    has_pages = bool(settings.newsletter.base_url)
    mail = Mail(
        issue=issue,
        settings=settings,
        images=images,
        marker=slots.field,
        unsubscribe_url=slots.unsubscribe_url(),
        calendars=calendar_files(issue),
        preferences_url=slots.preferences_url() if has_pages else "",
    )
    subject = "".join(_marked(part, slots) for part in issue.subject)
    html = render_html(mail, templates)
    text = render_text(
        issue,
        settings,
        marker=slots.field,
        unsubscribe_url=mail.unsubscribe_url,
        preferences_url=mail.preferences_url,
        view_url=mail.web_folder or None,
    )
    shown = _shown_images(mail)
    return Assembled(
        issue=issue,
        subject=subject,
        html=html,
        text=text,
        slots=slots.slots,
        links=(*collect_links(issue), *_own_links(mail)),
        embedded=() if mail.hosts_images else _each_once(shown),
        images=shown,
    )


def _marked(part: Text | Field, slots: SlotMarker) -> str:
    return part.text if isinstance(part, Text) else slots.field(part)


def _own_links(mail: Mail) -> tuple[LinkUse, ...]:
    """Return the addresses that the footer adds, but for the personal ones."""
    if not mail.web_folder:
        return ()
    view = words(mail.issue.language).text("View in browser")
    return (LinkUse(mail.web_folder, view, "own", Place(mail.issue.file)),)


def _shown_images(mail: Mail) -> tuple[AssembledImage, ...]:
    """Return the pictures of the mail in order of use, each once."""
    logo = mail.settings.template.logo_source
    sources = (logo, *(image.source for image in images_of(mail.issue)))
    used = dict.fromkeys(source for source in sources if source in mail.images)
    return tuple(mail.images[source] for source in used)


def _each_once(shown: tuple[AssembledImage, ...]) -> tuple[AssembledImage, ...]:
    """Return the pictures without copies: a file may have two names in an issue."""
    return tuple({image.content_id: image for image in reversed(shown)}.values())[::-1]
