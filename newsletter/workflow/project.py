"""The project folder: where it is, what its settings say, which issues it holds."""

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from newsletter.config import find_project, read_settings
from newsletter.definition.files import read_definition
from newsletter.definition.frontmatter import declared
from newsletter.errors import DefinitionError, OperationError, UsageError
from newsletter.model.settings import Settings


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with a newsletter.toml."""

    #: Absolute path.
    root: Path
    settings: Settings

    def shown(self, path: Path) -> str:
        """Return *path* as an editor knows it: relative to the project if inside."""
        absolute = path if path.is_absolute() else Path.cwd() / path
        if absolute.is_relative_to(self.root):
            return absolute.relative_to(self.root).as_posix()
        return str(path)


def open_project(start: Path, *, search: bool = True) -> Project:
    """Return the project that *start* lies in.

    Args:
        start: A folder.
        search: Look upwards for newsletter.toml; else it must be in *start* itself.

    Raises:
        OperationError: There is no newsletter.toml.
        DefinitionError: It has problems.
    """
    folder = start.resolve()
    if not search and not (folder / "newsletter.toml").is_file():
        raise OperationError(
            f"{start}: there is no newsletter.toml in this folder.",
            f"Make a project there with: newsletter init {start}",
        )
    root = find_project(folder)
    return Project(root=root, settings=read_settings(root))


def list_issues(project: Project) -> list[Path]:
    """Return the definitions in ``issues/``, oldest name first."""
    folder = project.root / "issues"
    files = {path.stem: path for path in folder.glob("*.md") if path.is_file()}
    folders = {path.parent.name: path for path in folder.glob("*/issue.md")}
    return [path for _, path in sorted((files | folders).items())]


def issue_name(path: Path) -> str:
    """Return the name of a definition: of its file, or of the folder it has alone."""
    return path.parent.name if path.name == "issue.md" else path.stem


def find_issue(project: Project, reference: str | None) -> Path:
    """Return the definition that *reference* means.

    Args:
        project: The project.
        reference: A path, a name such as "2023-02", or None for the one with the
            latest date.

    Raises:
        OperationError: There is none; the advice names what there is.
        UsageError: Several have the latest date: which one goes out is no guess.
    """
    if reference is None:
        last = _last_issues(project)
        if len(last) > 1:
            raise _several(project, last)
        return last[0]
    by_path = _by_path(Path(reference)) or _by_path(project.root / reference)
    if by_path:
        return by_path
    issues = {issue_name(path): path for path in list_issues(project)}
    if reference in issues:
        return issues[reference]
    raise _not_found(project, reference, list(issues))


def find_issue_to_show(project: Project, reference: str | None) -> Path:
    """Return what `find_issue` does; of several last ones, the one changed last."""
    if reference is not None:
        return find_issue(project, reference)
    return max(_last_issues(project), key=lambda path: path.stat().st_mtime_ns)


def _several(project: Project, last: list[Path]) -> UsageError:
    names = ", ".join(map(issue_name, last))
    return UsageError(
        f"several issues have the latest date, {_date_in(last[0], project)}: {names}.",
        "Say which one, by its name.",
    )


def _not_found(project: Project, reference: str, names: list[str]) -> OperationError:
    for folder in (Path(reference), project.root / reference):
        if folder.is_dir():
            return OperationError(
                f"{project.shown(folder)}: this is a folder without an issue.md.",
                "Name a file in it, or write the issue as issue.md in that folder.",
            )
    near = get_close_matches(reference, names, 1)
    if near:
        advice = f'Did you mean "{near[0]}"?'
    elif names:
        advice = f"There are: {', '.join(names)}."
    else:
        advice = 'Begin one with: newsletter new "Title"'
    return OperationError(f'there is no issue "{reference}".', advice)


def _by_path(path: Path) -> Path | None:
    if path.is_dir():
        inside = path / "issue.md"
        return inside.absolute() if inside.exists() else None
    return path.absolute() if path.exists() else None


def no_issue() -> OperationError:
    """Return what to say where ``issues/`` is empty, or is not there."""
    return OperationError(
        "there is no issue in the folder issues/.",
        'Begin one with: newsletter new "Title"',
    )


def _last_issues(project: Project) -> list[Path]:
    """Return the issues with the latest date; without any date the last by name."""
    issues = list_issues(project)
    if not issues:
        raise no_issue()
    dates = {path: _date_in(path, project) for path in issues}
    latest = max(dates.values())
    return [path for path in issues if dates[path] == latest] if latest else issues[-1:]


def _date_in(path: Path, project: Project) -> str:
    """Return the date of a definition as written, which sorts; empty if it has none."""
    try:
        return declared(read_definition(path, root=project.root).text, "date")
    except DefinitionError:
        return ""
