"""The templates of a project over the built-in ones, read from disk when they change.

A project overrides a template by a file of the same name in its own ``templates/``.
Templates run in Jinja's immutable sandbox: they see values and can change none.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from jinja2 import (
    BaseLoader,
    Environment,
    StrictUndefined,
    Template,
    TemplateNotFound,
    TemplateSyntaxError,
)
from jinja2.loaders import split_template_path
from jinja2.sandbox import ImmutableSandboxedEnvironment

from newsletter.shipped import templates_folder

#: What a main template's file is called.
_MAIN_SUFFIX = ".mjml.j2"


class Templates:
    """Every template an issue can be assembled with."""

    def __init__(self, project: Path | None = None) -> None:
        """Look in *project*'s ``templates/`` first, then among the built-in ones."""
        builtin = templates_folder()
        own = project / "templates" if project else builtin
        self._folders = tuple(dict.fromkeys((own, builtin)))
        self._environment = _environment(self._folders)

    @classmethod
    def of_project(cls, root: Path) -> "Templates":
        """Return the templates of the project at *root*; compiled ones are kept."""
        return _templates_of(root)

    def get(self, name: str) -> Template:
        """Return a template by its name within the folder.

        Raises:
            TemplateNotFound: No folder has it.
            TemplateSyntaxError: It is no Jinja template, or cannot be read.
        """
        return self._environment.get_template(name)

    def has(self, name: str) -> bool:
        """Whether there is a template of that name."""
        return _find(self._folders, name) is not None

    def source(self, name: str) -> str:
        """Return the text of a template that `get` has given."""
        loader = self._environment.loader
        assert loader is not None  # noqa: S101 - set when it was made
        return loader.get_source(self._environment, name)[0]

    def names(self) -> list[str]:
        """Return the main templates: "bulletin", "letter", the project's own."""
        files = (
            file.name.removesuffix(_MAIN_SUFFIX)
            for folder in self._folders
            for file in folder.glob(f"*{_MAIN_SUFFIX}")
        )
        return sorted(set(files))

    def own_texts(self) -> dict[str, str]:
        """Return the text of each template of the project's own, by its shown path."""
        own, *builtin = self._folders
        if not builtin:
            return {}
        texts = {}
        for path in sorted(own.rglob("*.j2")):
            name = path.relative_to(own).as_posix()
            # One that cannot be read is told when it is used.
            with suppress(OSError):
                text = path.read_text(encoding="utf-8", errors="replace")
                texts[f"templates/{name}"] = text
        return texts

    def shown_path(self, name: str) -> str:
        """Return how the editor is told of a template: "templates/blocks/event.j2"."""
        return f"{'built-in ' if self.is_builtin(name) else ''}templates/{name}"

    def own_file(self, main: str) -> str:
        """Return the project's own file that an issue most likely looks like, or empty.

        Args:
            main: A main template: "bulletin".
        """
        own, builtin = self._folders[0], self._folders[-1]
        if own == builtin:
            return ""
        parts = sorted(own.glob("partials/*.j2")) + sorted(own.glob("blocks/*.j2"))
        names = [f"{main}{_MAIN_SUFFIX}", f"{main}.css.j2"]
        names += [path.relative_to(own).as_posix() for path in parts]
        found = (name for name in names if (own / name).is_file())
        return next((self.shown_path(name) for name in found), "")

    def is_builtin(self, name: str) -> bool:
        """Whether a template is not the project's own."""
        found = _find(self._folders, name)
        return found is not None and found.is_relative_to(self._folders[-1])


@cache
def _templates_of(root: Path) -> Templates:
    return Templates(root)


def _environment(folders: tuple[Path, ...]) -> Environment:
    return ImmutableSandboxedEnvironment(
        loader=_FolderLoader(folders),
        autoescape=_is_markup,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _is_markup(name: str | None) -> bool:
    """Whether values are escaped in a template: everywhere but in style sheets."""
    return name is None or not name.endswith(".css.j2")


class _FolderLoader(BaseLoader):
    """Jinja's loader of folders, which notices a file that comes before another."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._folders = folders

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        path = _find(self._folders, template)
        if path is None:
            raise TemplateNotFound(template)
        version = _version(path)

        def is_current() -> bool:
            found = _find(self._folders, template)
            return found is not None and _version(found) == version

        return _read(path, template), str(path), is_current


def _read(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        reason = "it is not UTF-8 text here; save it as UTF-8"
        raise TemplateSyntaxError(reason, line, name, str(path)) from error
    except OSError as error:
        reason = f"it cannot be read: {error.strerror}"
        raise TemplateSyntaxError(reason, 1, name, str(path)) from error


def _find(folders: tuple[Path, ...], name: str) -> Path | None:
    try:
        parts = split_template_path(name)
    except TemplateNotFound:  # it leads out of the folder
        return None
    paths = (folder.joinpath(*parts) for folder in folders)
    return next((path for path in paths if path.is_file()), None)


def _version(path: Path) -> tuple[Path, int, int]:
    facts = path.stat()
    return path, facts.st_mtime_ns, facts.st_size
