"""From a definition on disk to an assembled issue: how other use cases begin."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from newsletter.assembly.assemble import assemble_issue
from newsletter.assembly.images import prepare_images
from newsletter.assembly.loaders import Templates
from newsletter.definition.files import read_definition, read_images, read_logo
from newsletter.definition.parse import parse
from newsletter.errors import DefinitionError
from newsletter.model.assembled import Assembled, AssembledImage
from newsletter.model.issue import Issue
from newsletter.model.problem import Problem
from newsletter.workflow.project import Project

#: What ends a line for the parser; `str.splitlines` knows more ends, and would count
#: other numbers than the problems do.
_LINE_END = re.compile(r"\r\n?|\n")


@dataclass(frozen=True, slots=True)
class Composition:
    """What became of a definition: the issue as far as it could be made."""

    path: Path
    #: Lines of the definition, without line ends; empty when it could not be read.
    lines: tuple[str, ...]
    issue: Issue | None
    problems: tuple[Problem, ...]
    #: None when the issue could not be assembled; may be there beside problems.
    assembled: Assembled | None
    #: Image.source -> picture.
    images: Mapping[str, AssembledImage]


def compose_issue(project: Project, path: Path) -> Composition:
    """Read, parse and assemble a definition; problems are returned, not raised."""
    try:
        definition = read_definition(path, root=project.root)
    except DefinitionError as error:
        return Composition(path, (), None, error.problems, None, {})
    parsed = parse(
        definition.text,
        file=definition.file,
        slug=definition.slug,
        settings=project.settings,
    )
    lines = tuple(_LINE_END.split(definition.text))
    if parsed.issue is None:
        return Composition(path, lines, None, parsed.problems, None, {})
    started = Composition(path, lines, parsed.issue, parsed.problems, None, {})
    return _assemble(started, project, definition.folder)


def require_assembled(composition: Composition) -> Assembled:
    """Return the assembled issue of a definition without problems.

    Raises:
        DefinitionError: There are problems; all of them.
    """
    if composition.problems or composition.assembled is None:
        raise DefinitionError(composition.problems)
    return composition.assembled


def _assemble(started: Composition, project: Project, folder: Path) -> Composition:
    """Add pictures and the assembled mail, with whatever problems they have."""
    assert started.issue is not None  # noqa: S101 - the caller has just made it
    issue, settings = started.issue, project.settings
    originals, missing = _read_pictures(issue, project, folder)
    images, broken = prepare_images(
        issue, originals, shown_width=settings.template.width
    )
    problems = (*started.problems, *missing, *broken)
    try:
        templates = Templates.of_project(project.root)
        assembled = assemble_issue(issue, settings, images, templates)
    except DefinitionError as error:
        problems = (*problems, *error.problems)
        return replace(started, problems=tuple(sorted(problems)), images=images)
    return replace(
        started, problems=tuple(sorted(problems)), images=images, assembled=assembled
    )


def _read_pictures(
    issue: Issue, project: Project, folder: Path
) -> tuple[dict[str, bytes], tuple[Problem, ...]]:
    """Read the pictures of an issue and the logo, which lies in the project folder."""
    originals, missing = read_images(issue, folder, project.root)
    theme = project.settings.template
    if not theme.logo:
        return originals, missing
    logo, problems = read_logo(theme.logo, project.root)
    if logo is not None:
        originals[theme.logo_source] = logo
    return originals, (*missing, *problems)
