"""`newsletter init DIR`."""

from pathlib import Path

import click

from newsletter.cli.context import is_terminal, say


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--name", help="Name of the newsletter.")
@click.option("--sender", help='Who it comes from: "Name <address>".')
@click.option(
    "--language", default="en", show_default=True, help="nl, en, de, fr, ar …"
)
@click.option("--time-zone", help="Europe/Amsterdam … [default: this computer's]")
def command(
    folder: Path,
    name: str | None,
    sender: str | None,
    language: str,
    time_zone: str | None,
) -> None:
    """Make a project folder with settings, a first issue and a sample list."""
    from newsletter.workflow.init import NewProject, init_project, own_time_zone

    name = name or _ask("Name of the newsletter", folder.resolve().name)
    sender = sender or _ask("Sender", f"{name} <newsletter@example.org>")
    zone = time_zone or own_time_zone()
    written = init_project(folder, NewProject(name, sender, language, zone))
    for path in written:
        click.echo(f"wrote {path}")
    click.echo()
    click.echo("Next:")
    click.echo(f"  cd {folder}")
    click.echo("  newsletter preview              write, and watch it in the browser")
    click.echo("  newsletter check                before you send")
    click.echo("  edit newsletter.toml            address, time zone, mail server")


def _ask(label: str, suggestion: str) -> str:
    """Ask on a terminal; elsewhere take the suggestion and say so."""
    if is_terminal():
        answer: str = click.prompt(label, default=suggestion, err=True)
        return answer
    say(f"{label}: {suggestion}")
    return suggestion
