"""How a failure is told: to people on standard error, to scripts as one JSON object."""

import json

import click

from newsletter.errors import DefinitionError, NewsletterError
from newsletter.workflow.bug_report import write_report

INTERNAL_ERROR = 4


def show_failure(error: Exception, *, wants_json: bool) -> int:
    """Tell *error* to its reader and return the exit code.

    Args:
        error: What ended the command.
        wants_json: Print ``{"error": {…}}`` on standard output instead.
    """
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.ClickException):
        return _show_usage(error, wants_json=wants_json)
    if isinstance(error, NewsletterError):
        return _show_known(error, wants_json=wants_json)
    return _show_bug(error, wants_json=wants_json)


def print_error_json(kind: str, message: str, advice: str) -> None:
    """Print the one object that a failed command with ``--json`` prints."""
    error = {"kind": kind, "message": message, "advice": advice}
    click.echo(json.dumps({"error": error}, ensure_ascii=False))


def _show_usage(error: click.ClickException, *, wants_json: bool) -> int:
    if wants_json:
        print_error_json("usage", error.format_message(), "")
    else:
        error.show()
    return error.exit_code


def _show_known(error: NewsletterError, *, wants_json: bool) -> int:
    if wants_json:
        print_error_json(error.kind, error.message, error.advice)
        return error.exit_code
    click.echo(str(error), err=True)
    if isinstance(error, DefinitionError) and len(error.problems) > 1:
        click.echo(f"\n{len(error.problems)} problems. Nothing was done.", err=True)
    return error.exit_code


def _show_bug(error: Exception, *, wants_json: bool) -> int:
    reference = write_report(error)
    message = "something went wrong inside newsletter; this is a fault of the program."
    advice = f"Please report it with the file {reference}."
    if wants_json:
        print_error_json("internal", message, advice)
    else:
        click.echo(f"internal error: {message} {advice}", err=True)
    return INTERNAL_ERROR
