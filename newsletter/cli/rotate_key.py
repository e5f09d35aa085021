"""`newsletter db rotate-key`: another key for the links of new mails."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from newsletter.cli.context import (
    is_terminal,
    json_option,
    pass_project,
    print_json,
    say,
)
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from newsletter.workflow.project import Project
    from newsletter.workflow.rotate_key import LinkKeys, Retirement


@click.command("rotate-key")
@click.option(
    "--retire",
    "retired",
    metavar="ID",
    type=click.IntRange(min=1),
    help="Make no new key: links that this old one signed stop working.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_project
def rotate_key(
    project: "Project", retired: int | None, *, yes: bool, as_json: bool
) -> None:
    """Let a new key sign the links of new mails; those in earlier mails work on."""
    from newsletter.workflow.rotate_key import plan_retirement, retire
    from newsletter.workflow.rotate_key import rotate_key as rotate

    if retired is None:
        keys = rotate(project, clock=lambda: datetime.now(UTC))
        if not as_json:
            _show_rotated(keys)
    else:
        which = _which_links(plan_retirement(project, retired), project)
        if not yes:
            _ask(retired, which, as_json=as_json)
        keys = retire(project, retired)
        if not as_json:
            _show_retired(retired, which)
    if as_json:
        print_json(_as_data(keys, retired))


def _as_data(keys: "LinkKeys", retired: int | None) -> dict[str, object]:
    listed = [
        {"id": number, "since": at and at.strftime("%Y-%m-%dT%H:%M:%SZ")}
        for number, at in keys.since.items()
    ]
    return {"signs": keys.signs, "keys": listed, "retired": retired}


def _show_rotated(keys: "LinkKeys") -> None:
    earlier = [str(number) for number in keys.since if number != keys.signs]
    named = ("key " if len(earlier) == 1 else "keys ") + ", ".join(earlier)
    click.echo(
        f"Key {keys.signs} signs the links of new mails from now on; whatever runs "
        "takes it up by itself."
    )
    click.echo(f"Links in earlier mails work as before, by {named}.")
    click.echo(
        "Make a new backup, as earlier ones do not hold this key: newsletter db backup"
    )
    click.echo(
        "Should links of earlier mails work no more: newsletter db rotate-key "
        f"--retire {earlier[0]}"
    )


def _show_retired(retired: int, which: str) -> None:
    click.echo(f"Key {retired} is retired: {which} work no more.")
    click.echo(
        "Backups made before hold it, and would bring it back: make a new one, and "
        "delete those that you do not need."
    )


def _which_links(plan: "Retirement", project: "Project") -> str:
    zone = ZoneInfo(project.settings.newsletter.time_zone)

    def shown(moment: datetime) -> str:
        local = moment.astimezone(zone)
        return f"{local.day} {local:%B %Y, %H:%M}"

    if plan.until is None:
        return f"the links that key {plan.number} signed"
    if plan.since is None:
        return f"links in mails sent before {shown(plan.until)}"
    return f"links in mails sent between {shown(plan.since)} and {shown(plan.until)}"


def _ask(retired: int, which: str, *, as_json: bool) -> None:
    """Have the number typed on a terminal.

    Raises:
        UsageError: There is nobody to be asked, or it is another number.
    """
    if as_json or not is_terminal():
        raise UsageError(
            "nobody can be asked here, and nobody can undo it. Nothing was changed.",
            "Add --yes.",
        )
    say(
        f"{which[0].upper()}{which[1:]} will stop working: for leaving, for settings, "
        "for confirming. Returned mail of those is not recognised any more. Whoever "
        "opens such a link is shown how to get a new one. Nobody can undo it."
    )
    given = click.prompt(f"Type the number of the key ({retired})", type=int, err=True)
    if given != retired:
        raise UsageError(f"{given} was typed, not {retired}. Nothing was changed.")
