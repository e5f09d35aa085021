"""The command line: each command parses, calls the workflow, and shows.

Commands are imported only when they run, so that `newsletter --help` stays quick: the
table below is all that the help page needs.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

#: Command -> (module in this package, help in one line), in the order of the help page.
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "Show the whole job on an example, without touching anything."),
    "init": ("init", "Make a project folder."),
    "new": ("new", "Begin an issue."),
    "build": ("build", "Write the mail, web page, calendar and PDF of an issue."),
    "check": ("check", "Check an issue and its links."),
    "preview": ("preview", "Show an issue in the browser, as you write."),
    "test": ("test", "Send the real mail to yourself."),
    "send": ("send", "Send an issue to the subscribers."),
    "status": ("status", "Tell who got it, and what is left to do."),
    "pause": ("pause", "Halt a dispatch; nothing is lost."),
    "resume": ("resume", "Go on with a dispatch."),
    "cancel": ("cancel", "End a dispatch for good."),
    "doctor": ("doctor", "Look whether mails can arrive: server, DNS, pages."),
    "subscribers": ("subscribers", "Import, add, list and unsubscribe people."),
    "inbox": (
        "inbox",
        "Read returned mail: bounces, complaints, who wants to leave.",
    ),
    "login": ("login", "Store the password of the mail server, outside the project."),
    "serve": ("serve", "Serve the public pages: one-click leaving, issues."),
    "worker": ("worker", "Send what is due: at its time, or after a crash."),
    "db": ("db", "Keep a copy, move to another computer."),
}


class LazyGroup(click.Group):
    """A group that imports a command when it is called, not when it is listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command and return what it calls `command`."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"newsletter.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """List the commands from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the nearest command for one that does not exist."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, 1)
            hint = f' Did you mean "{near[0]}"?' if near else ""
            raise click.UsageError(f'there is no command "{args[0]}".{hint}', ctx)
        return super().resolve_command(ctx, args)


def _show_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from newsletter import __version__

        click.echo(f"newsletter {__version__}")
        ctx.exit()


_HELP = """\
Write a newsletter as a text file; check it, test it, mail it.

\b
newsletter demo              see the whole job on an example
newsletter init my-letter    make a project of your own
newsletter COMMAND --help    all about one command
"""


@click.group(
    cls=LazyGroup, help=_HELP, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
def newsletter() -> None:
    """Hold the commands."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(run(given))


def run(arguments: list[str]) -> int:
    """Run one command line; every kind of failure becomes its message and exit code."""
    try:
        result: Any = newsletter.main(
            arguments, prog_name="newsletter", standalone_mode=False
        )
    except (KeyboardInterrupt, click.exceptions.Abort):
        click.echo("Interrupted.", err=True)
        return 130
    except Exception as error:  # noqa: BLE001 - the one place where bugs become exit 4
        from newsletter.cli.failures import show_failure

        return show_failure(error, wants_json="--json" in arguments)
    return result if isinstance(result, int) else 0
