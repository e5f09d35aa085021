"""Issues that go by the same name: the second would reach nobody who got the first."""

from pathlib import Path

from newsletter.definition.files import read_definition
from newsletter.definition.frontmatter import declared
from newsletter.errors import DefinitionError
from newsletter.model.problem import Place, Problem
from newsletter.workflow.compose import Composition
from newsletter.workflow.project import Project, list_issues


def find_namesakes(project: Project, composition: Composition) -> list[Problem]:
    """Return a problem for each other issue with the slug of this one.

    Who has had an issue is known by its slug.
    """
    issue = composition.issue
    if issue is None:
        return []
    place = issue.places.get("slug", Place(issue.file))
    return [
        Problem(
            place,
            f'{project.shown(path)} goes by the same name, "{issue.slug}": '
            "whoever got one of the two would not get the other.",
            'Add a line such as "slug: another-name" to this one.',
        )
        for path in list_issues(project)
        if path != composition.path and _slug_at(path, project) == issue.slug
    ]


def _slug_at(path: Path, project: Project) -> str:
    """Return the slug of a definition, or empty when it cannot be read."""
    try:
        definition = read_definition(path, root=project.root)
    except DefinitionError:
        return ""
    return declared(definition.text, "slug") or definition.slug
