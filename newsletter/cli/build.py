"""`newsletter build [ISSUE]`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.context import pass_project, say

if TYPE_CHECKING:
    from newsletter.workflow.project import Project


@click.command("build")
@click.argument("issue", required=False)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Write everything to this folder.",
)
@pass_project
def command(project: "Project", issue: str | None, output: Path | None) -> None:
    """Write the mail, web page, calendar files and PDF of ISSUE (default: the last)."""
    from newsletter.workflow.build import build_issue
    from newsletter.workflow.compose import compose_issue
    from newsletter.workflow.project import find_issue

    composition = compose_issue(project, find_issue(project, issue))
    built = build_issue(project, composition, folder=output)
    for path in built.files:
        click.echo(f"wrote {project.shown(path)}")
    html, whole = (_kilobytes(n) for n in (built.html_bytes, built.message_bytes))
    click.echo(f"The HTML part is {html}; a whole message is {whole}.")
    if built.without_pdf:
        say(f"no PDF: {built.without_pdf}")
    if built.missing_glyphs:
        say(
            "The PDF cannot show these characters; install a font that has them: "
            f"{' '.join(built.missing_glyphs)}"
        )


def _kilobytes(size_bytes: int) -> str:
    return f"{size_bytes / 1024:.1f} KB"
