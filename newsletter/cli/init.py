"""`newsletter init DIR`."""

from pathlib import Path

import click

from newsletter.cli.context import is_terminal, print_rows, program, say


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--name", help="Name of the newsletter.")
@click.option("--sender", help='Who it comes from: "Name <address>".')
@click.option(
    "--language", help="nl, en, de, fr, ar … [default: en, asked on a terminal]"
)
@click.option("--time-zone", help="Europe/Amsterdam … [default: this computer's]")
def command(
    folder: Path,
    name: str | None,
    sender: str | None,
    language: str | None,
    time_zone: str | None,
) -> None:
    """Make a project folder with settings, a first issue and a sample list."""
    from newsletter.workflow.init import NewProject, init_project, own_time_zone

    name = name or _ask("Name of the newsletter", folder.resolve().name)
    sender = sender or _ask("Sender", f"{name} <newsletter@example.org>")
    if language is None:
        asked = is_terminal()
        language = _ask("Language (nl, en, de, fr, ar …)", "en") if asked else "en"
    zone = time_zone or own_time_zone()
    written = init_project(folder, NewProject(name, sender, language, zone))
    for path in written:
        click.echo(f"wrote {path}")
    click.echo()
    click.echo("Next:")
    steps = (
        (f"cd {folder}", ""),
        (f"{program()} preview", "write, and watch it in the browser"),
        (f"{program()} check", "before you send"),
        ("edit newsletter.toml", "address, time zone, mail server"),
    )
    print_rows((f"  {step}", remark) for step, remark in steps)


def _ask(label: str, suggestion: str) -> str:
    """Ask on a terminal; elsewhere take the suggestion and say so."""
    if is_terminal():
        answer: str = click.prompt(label, default=suggestion, err=True)
        return answer
    say(f"{label}: {suggestion}")
    return suggestion
