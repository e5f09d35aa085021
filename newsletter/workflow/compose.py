"""From a definition on disk to an assembled issue: how other use cases begin."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from newsletter.assembly.assemble import assemble_issue
from newsletter.assembly.images import prepare_images
from newsletter.assembly.loaders import Templates
from newsletter.assembly.pages import find_unknown_template
from newsletter.config import locate_setting
from newsletter.definition.files import read_definition, read_images, read_logo
from newsletter.definition.parse import parse
from newsletter.errors import DefinitionError
from newsletter.model.assembled import Assembled, AssembledImage
from newsletter.model.issue import Issue
from newsletter.model.problem import Problem
from newsletter.model.settings import Theme
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
    templates = Templates.of_project(project.root)
    issue, unknown = _with_template(issue, project, templates)
    problems = (*started.problems, *missing, *broken, *unknown)
    assembled = None
    try:
        assembled = assemble_issue(issue, settings, images, templates)
    except DefinitionError as error:
        problems = (*problems, *error.problems)
    return replace(
        started, problems=tuple(sorted(problems)), images=images, assembled=assembled
    )


def _with_template(
    issue: Issue, project: Project, templates: Templates
) -> tuple[Issue, tuple[Problem, ...]]:
    """Return the issue with a template that exists, and what is wrong with its own.

    So that whatever else is wrong with it is told at the same time.
    """
    problem = find_unknown_template(issue, templates)
    if problem is None:
        return issue, ()
    if "template" not in issue.places:
        place = locate_setting(project.root, "template", "name")
        problem = replace(problem, place=place)
    usual = project.settings.template.name
    known = usual if usual in templates.names() else Theme().name
    return replace(issue, template=known), (problem,)


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
        return originals, missing
    place = locate_setting(project.root, "template", "logo")
    return originals, (*missing, *(replace(p, place=place) for p in problems))
