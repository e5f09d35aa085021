"""Write everything that comes of an issue to disk: mail, web page, calendar, PDF."""

import html
from dataclasses import dataclass
from pathlib import Path

from newsletter.assembly.editions import assemble_editions
from newsletter.assembly.pdf import render_pdf
from newsletter.errors import OperationError
from newsletter.model.assembled import UNSUBSCRIBE_URL, Assembled, Slot
from newsletter.model.settings import Settings
from newsletter.workflow.compose import Composition, require_assembled
from newsletter.workflow.project import Project
from newsletter.workflow.publish import publish_issue
from newsletter.workflow.sample import html_part_bytes, sample_message


@dataclass(frozen=True, slots=True)
class Built:
    """The files written, and what there was to know about them."""

    #: In the order of writing.
    files: tuple[Path, ...]
    #: Bytes of the HTML part as they travel, quoted-printable.
    html_bytes: int
    #: Bytes of the whole sample message.
    message_bytes: int
    #: Why there is no PDF, or empty.
    without_pdf: str = ""


def build_issue(
    project: Project, composition: Composition, *, folder: Path | None
) -> Built:
    """Write the mail and every other edition of an issue.

    Args:
        project: The project.
        composition: From `compose_issue`.
        folder: Where to; None: ``public/NAME/`` for what is for the web,
            ``outbox/NAME/`` for the rest.

    Raises:
        DefinitionError: The definition has problems; nothing was written.
        OperationError: The disk refused.
    """
    assembled = require_assembled(composition)
    sample = sample_message(assembled, project.settings)
    mail_folder = folder or project.root / "outbox" / assembled.issue.slug
    mail = {
        "email.html": readable_html(assembled).encode(),
        "email.txt": with_fallbacks(assembled.text, assembled.slots).encode(),
        "message.eml": sample,
    } | {image.name: image.data for image in assembled.embedded}
    files = _write(mail_folder, mail)
    files += _write_web(project, composition, folder)
    pdf, without_pdf = _pdf_of(composition, project.settings)
    if pdf:
        files += _write(mail_folder, {f"{assembled.issue.slug}.pdf": pdf})
    return Built(
        tuple(dict.fromkeys(files)), html_part_bytes(sample), len(sample), without_pdf
    )


def with_fallbacks(text: str, slots: tuple[Slot, ...], *, in_html: bool = False) -> str:
    """Return *text* as somebody without any field gets it, the leaving link dead."""
    for slot in slots:
        value = "#" if slot.name == UNSUBSCRIBE_URL else slot.fallback
        text = text.replace(slot.marker, html.escape(value) if in_html else value)
    return text


def readable_html(assembled: Assembled) -> str:
    """Return the HTML part for a browser: pictures are files beside it."""
    page = with_fallbacks(assembled.html, assembled.slots, in_html=True)
    for image in assembled.embedded:
        page = page.replace(f"cid:{image.content_id}", image.name)
    return page


def _write_web(
    project: Project, composition: Composition, folder: Path | None
) -> list[Path]:
    assembled = require_assembled(composition)
    issue, images = assembled.issue, composition.images
    editions = assemble_editions(issue, project.settings, images)
    if folder is None:
        public = publish_issue(project, issue, editions, images)
        names = ["index.html", *editions.calendars, *(i.name for i in images.values())]
        return [path for name in names if (path := public / name).exists()]
    pictures = {image.name: image.data for image in images.values()}
    page = {"index.html": editions.web_page.encode()}
    return _write(folder, page | dict(editions.calendars) | pictures)


def _pdf_of(composition: Composition, settings: Settings) -> tuple[bytes, str]:
    """Return the PDF, or no bytes and the reason."""
    assembled = require_assembled(composition)
    try:
        return render_pdf(assembled.issue, settings, composition.images), ""
    except OperationError as error:
        return b"", str(error)


def _write(folder: Path, files: dict[str, bytes]) -> list[Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (folder / name).write_bytes(data)
    except OSError as error:
        raise OperationError(
            f"{folder}: cannot write the issue: {error.strerror}.",
            "Choose another folder with -o, or make room.",
        ) from error
    return [folder / name for name in files]
