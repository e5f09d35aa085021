"""From the text of an issue to HTML and text: `python tests/benchmarks/compose.py`.

The peer is a bare CommonMark rendering of the same text by markdown-it-py, which knows
nothing of mail: it tells how fast the machine is.
"""

from collections.abc import Callable
from pathlib import Path

from markdown_it import MarkdownIt
from rounds import Row, arguments, longer, measure, report, row
from sample_issue import ROOT, assemble_text, write_issue

from newsletter.assembly.assemble import assemble_issue
from newsletter.assembly.images import prepare_images
from newsletter.assembly.loaders import Templates
from newsletter.definition.files import read_definition, read_images
from newsletter.definition.parse import parse
from newsletter.errors import DefinitionError
from newsletter.messages.compile import compile_message
from newsletter.messages.identity import derive_identity
from newsletter.model.assembled import Assembled
from newsletter.model.issue import Issue
from newsletter.workflow.project import Project, open_project

_LONG_ITEMS = 200
_PEER = "CommonMark of the same text"


def main() -> None:
    """Measure and report."""
    parser = arguments("From the text of an issue to its HTML and text, warm.")
    parser.add_argument(
        "issue",
        nargs="?",
        type=Path,
        default=ROOT / "issues" / "2023-02.md",
        help="a definition in its project (default: the example)",
    )
    chosen = parser.parse_args()
    rows = [
        *_measure_issue(chosen.issue, rounds=chosen.rounds),
        *_measure_long(rounds=chosen.rounds),
    ]
    report(rows, chosen.json)


def _measure_issue(path: Path, *, rounds: int) -> list[Row]:
    project = open_project(path.resolve().parent)
    text = read_definition(path, root=project.root).text
    whole = _composer(project, path)
    assembled = whole()
    identity = derive_identity(assembled.issue, project.settings)
    taken = measure(
        {
            "whole": whole,
            "parse": lambda: parse(
                text, file=path.name, slug="issue", settings=project.settings
            ),
            "compile": lambda: compile_message(assembled, identity),
            "peer": lambda: MarkdownIt().render(text),
        },
        rounds=rounds,
    )
    name, wanted = path.name, "at most 15 ms, aim 6 ms"
    return [
        longer(f"{name} -> HTML + text", taken["whole"], _PEER, taken["peer"], wanted),
        row("  of which parse", taken["parse"]),
        row("  then, once: compile the mail", taken["compile"]),
    ]


def _measure_long(*, rounds: int) -> list[Row]:
    text, templates = write_issue(_LONG_ITEMS), Templates.of_project(ROOT)
    taken = measure(
        {
            "whole": lambda: assemble_text(text, templates),
            "peer": lambda: MarkdownIt().render(text),
        },
        rounds=rounds,
    )
    work = f"{_LONG_ITEMS} items -> HTML + text"
    return [longer(work, taken["whole"], _PEER, taken["peer"], "aim 110 ms")]


def _composer(project: Project, path: Path) -> Callable[[], Assembled]:
    """Return what `compose_issue` does, but for reading and preparing pictures."""
    definition = read_definition(path, root=project.root)
    settings, templates = project.settings, Templates.of_project(project.root)

    def parse_it() -> Issue:
        parsed = parse(
            definition.text,
            file=definition.file,
            slug=definition.slug,
            settings=settings,
        )
        if parsed.issue is None:
            raise DefinitionError(parsed.problems)
        return parsed.issue

    issue = parse_it()
    originals, _ = read_images(issue, definition.folder, project.root)
    images, _ = prepare_images(issue, originals, shown_width=settings.template.width)
    return lambda: assemble_issue(parse_it(), settings, images, templates)


if __name__ == "__main__":
    main()
