"""`newsletter build [ISSUE]`, and `newsletter build --archive DIR`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.context import json_option, pass_project, print_json, say
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.workflow.project import Project

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("build")
@click.argument("issue", required=False)
@click.option(
    "-o",
    "--output",
    type=_FOLDER,
    default=None,
    help="Write everything to this folder.",
)
@click.option(
    "--archive",
    type=_FOLDER,
    default=None,
    help="Write all issues that were sent to this folder, for any web host.",
)
@json_option
@pass_project
def command(
    project: "Project",
    issue: str | None,
    output: Path | None,
    archive: Path | None,
    *,
    as_json: bool,
) -> None:
    """Write the mail, web page, calendar files and PDF of ISSUE (default: the last).

    With --archive: the pages of all issues that were sent, a page that lists them, and
    the feed.
    """
    if archive is None:
        if as_json:
            raise UsageError("--json goes with --archive.")
        _build(project, issue, output)
        return
    if issue or output:
        raise UsageError(
            "--archive writes all issues that were sent, to the folder it names.",
            "Leave out ISSUE and -o.",
        )
    _build_archive(project, archive, as_json=as_json)


def _build(project: "Project", issue: str | None, output: Path | None) -> None:
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


def _build_archive(project: "Project", folder: Path, *, as_json: bool) -> None:
    from newsletter.web.archive_page import render_static_archive
    from newsletter.web.page import Pages
    from newsletter.workflow.static_archive import (
        read_sent_issues,
        write_static_archive,
    )

    sent = read_sent_issues(project)
    pages = render_static_archive(Pages(project.settings), sent.listed)
    written = write_static_archive(project, sent, pages, folder)
    if not project.settings.newsletter.base_url:
        say("no feed: its links need base_url, which newsletter.toml does not have.")
    if as_json:
        slugs = [issue.slug for issue in sent.listed]
        print_json({"written": written, "issues": slugs, "folder": str(folder)})
        return
    click.echo(f"The archive in {project.shown(folder)} has {_count(sent.listed)}.")
    click.echo(f"New or changed files: {written}.")


def _count(issues: tuple[object, ...]) -> str:
    return "1 issue" if len(issues) == 1 else f"{len(issues)} issues"


def _kilobytes(size_bytes: int) -> str:
    return f"{size_bytes / 1024:.1f} KB"
