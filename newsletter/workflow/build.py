"""Write everything that comes of an issue to disk: mail, web page, calendar, PDF."""

import html
from dataclasses import dataclass, replace
from pathlib import Path

from newsletter.assembly.editions import assemble_editions
from newsletter.assembly.loaders import Templates
from newsletter.assembly.pdf import missing_glyphs, render_pdf
from newsletter.errors import OperationError
from newsletter.model.assembled import PERSONAL_URLS, Assembled, Slot
from newsletter.workflow.compose import Composition, require_assembled
from newsletter.workflow.project import Project
from newsletter.workflow.publish import publish_issue
from newsletter.workflow.sample import html_part_bytes, sample_message

#: Stands in the text for the address that is another one for each reader.
_NOBODYS_ADDRESS = "each reader's own address"


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
    #: Characters that the fonts of this machine cannot show in the PDF.
    missing_glyphs: tuple[str, ...] = ()


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
    return _add_pdf(
        project,
        composition,
        mail_folder,
        Built(tuple(dict.fromkeys(files)), html_part_bytes(sample), len(sample)),
    )


def with_fallbacks(text: str, slots: tuple[Slot, ...], *, in_html: bool = False) -> str:
    """Return *text* as somebody without any field gets it, personal links dead."""
    nobodys = "#" if in_html else _NOBODYS_ADDRESS
    for slot in slots:
        value = nobodys if slot.name in PERSONAL_URLS else slot.fallback
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
    templates = Templates.of_project(project.root)
    editions = assemble_editions(issue, project.settings, images, templates)
    if folder is None:
        public = publish_issue(project, issue, editions, images)
        names = ["index.html", *editions.calendars, *(i.name for i in images.values())]
        return [path for name in names if (path := public / name).exists()]
    pictures = {image.name: image.data for image in images.values()}
    page = {"index.html": editions.web_page.encode()}
    return _write(folder, page | dict(editions.calendars) | pictures)


def _add_pdf(
    project: Project, composition: Composition, folder: Path, built: Built
) -> Built:
    """Write the PDF too, or say why there is none."""
    issue = require_assembled(composition).issue
    parts = (issue, project.settings, composition.images)
    templates = Templates.of_project(project.root)
    try:
        pdf = render_pdf(*parts, templates)
    except OperationError as error:
        return replace(built, without_pdf=str(error))
    files = _write(folder, {f"{issue.slug}.pdf": pdf})
    return replace(
        built,
        files=(*built.files, *files),
        missing_glyphs=missing_glyphs(*parts, templates),
    )


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
