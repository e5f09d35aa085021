"""`newsletter new [TITLE]`."""

from typing import TYPE_CHECKING

import click

from newsletter.cli.context import pass_project

if TYPE_CHECKING:
    from newsletter.workflow.project import Project


@click.command("new")
@click.argument("title", default="")
@click.option(
    "--from", "frame_of", default="", help='Copy the frame of "last" or NAME.'
)
@click.option("--correction-of", default="", help="Correct an issue that went out.")
@pass_project
def command(project: "Project", title: str, frame_of: str, correction_of: str) -> None:
    """Begin an issue; TITLE becomes its subject."""
    from newsletter.workflow.new import NewIssue, begin_issue, today_in
    from newsletter.workflow.project import issue_name

    if frame_of and correction_of:
        raise click.UsageError("choose one of --from and --correction-of.")
    wanted = NewIssue(title, frame_of, correction_of)
    today = today_in(project.settings.newsletter.time_zone)
    path = begin_issue(project, wanted, today=today)
    click.echo(f"wrote {project.shown(path)}")
    click.echo(f"Write in it, and watch: newsletter preview {issue_name(path)}")
