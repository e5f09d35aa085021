"""Issue -> PDF by typst (extra ``pdf``): tagged, with live links and page numbers.

The template ``templates/pdf/issue.typ`` gets the issue as data; nothing an editor wrote
is read as markup. The same issue with the same fonts gives the same bytes: there is no
clock in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, time
from functools import cache
from typing import TYPE_CHECKING, Any

from newsletter.assembly.loaders import Templates
from newsletter.assembly.pdftree import issue_tree
from newsletter.errors import OperationError
from newsletter.model.assembled import AssembledImage
from newsletter.model.issue import Issue
from newsletter.model.settings import Settings

if TYPE_CHECKING:
    import typst

_TEMPLATE = "pdf/issue.typ"

#: The standard of accessible PDF; typst refuses by name what does not keep it.
_ACCESSIBLE = "ua-1"

#: Faces for text, best first, after those of the theme; the last is in the wheel.
_TEXT_FACES = (
    "Liberation Sans",
    "Noto Sans",
    "Open Sans",
    "DejaVu Sans",
    "Libertinus Serif",
)

#: Faces for other scripts that systems often have; they help out letter by letter.
_OTHER_SCRIPTS = (
    "Noto Naskh Arabic",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Ethiopic",
    "Noto Sans CJK SC",
    "Noto Sans JP",
    "Noto Color Emoji",
    "Noto Emoji",
    "DejaVu Sans",
    "FreeSans",
)

_MONO_FACES = ("Liberation Mono", "DejaVu Sans Mono")

#: typst's report of a letter that no font has; it quotes as Rust does.
_MISSING = re.compile(r'the text `"((?:[^"\\]|\\.)*)"` could not be displayed')


def render_pdf(
    issue: Issue,
    settings: Settings,
    images: Mapping[str, AssembledImage],
    templates: Templates | None = None,
) -> bytes:
    """Return the PDF of an issue.

    It keeps PDF/UA-1 wherever it can; a letter that no font has (see `missing_glyphs`)
    is shown as a box then, in a PDF that is tagged all the same.

    Raises:
        OperationError: typst is not installed, or the template is wrong.
    """
    compiler = _Compiler(issue, settings, images, templates)
    try:
        return compiler.compile(_ACCESSIBLE)
    except compiler.error:
        pass
    try:
        return compiler.compile()
    except compiler.error as error:
        raise OperationError(
            f"the PDF could not be made: typst says: {error}.",
            f"Correct templates/{_TEMPLATE}, or remove it to use the built-in one.",
        ) from error


def missing_glyphs(
    issue: Issue,
    settings: Settings,
    images: Mapping[str, AssembledImage],
    templates: Templates | None = None,
) -> tuple[str, ...]:
    """Return the letters of an issue that no font of this machine has, in order.

    Raises:
        OperationError: typst is not installed.
    """
    compiler = _Compiler(issue, settings, images, templates)
    try:
        compiler.compile(_ACCESSIBLE)
    except compiler.error as error:
        quoted = _MISSING.findall(str(getattr(error, "diagnostic", error)))
        return tuple(dict.fromkeys(map(_unquoted, quoted)))
    return ()


class _Compiler:
    """typst with one issue."""

    def __init__(
        self,
        issue: Issue,
        settings: Settings,
        images: Mapping[str, AssembledImage],
        templates: Templates | None,
    ) -> None:
        self._typst = _load_typst()
        self.error: type[Exception] = self._typst.TypstError
        self._fonts = _fonts()
        families = self._fonts.families()
        tree = issue_tree(issue, settings, images)
        faces = _faces(settings.template.font, families)
        tree |= {"fonts": faces, "mono": [*_present(_MONO_FACES, families), *faces]}
        self._source = (templates or Templates()).source(_TEMPLATE)
        self._data = json.dumps(tree, ensure_ascii=False)
        self._made_at = datetime.combine(issue.date, time(), UTC)

    def compile(self, *standards: str) -> bytes:
        made: bytes = self._typst.compile(
            self._source.encode(),
            font_paths=self._fonts,
            sys_inputs={"issue": self._data},
            pdf_standards=list(standards),
            timestamp=self._made_at,
        )
        return made


def _load_typst() -> Any:
    try:
        import typst
    except ImportError as error:
        raise OperationError(
            "the PDF needs typst, which is not installed.",
            "Install it beside newsletter: pip install typst",
        ) from error
    return typst


@cache
def _fonts() -> typst.Fonts:
    """Return the fonts of this machine and those in the wheel; looked up once."""
    fonts: typst.Fonts = _load_typst().Fonts()
    return fonts


def _faces(stack: str, families: list[str]) -> list[str]:
    """Return the faces to use, best first: those of the theme that are here, ours."""
    own = [name.strip(" '\"") for name in stack.split(",")]
    wanted = (*own, *_TEXT_FACES, *_OTHER_SCRIPTS)
    return list(dict.fromkeys(_present(wanted, families)))


def _present(wanted: tuple[str, ...], families: list[str]) -> list[str]:
    known = {family.casefold(): family for family in families}
    return [known[name.casefold()] for name in wanted if name.casefold() in known]


def _unquoted(quoted: str) -> str:
    r"""Return what Rust's debug format wrote: ``\u{651}``, ``\"``, ``\\``."""
    letters = re.sub(r"\\u\{([0-9a-f]+)\}", lambda m: chr(int(m[1], 16)), quoted)
    return re.sub(r"\\(.)", r"\1", letters)
