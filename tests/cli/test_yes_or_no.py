import click
import pytest
from click.testing import CliRunner

from newsletter.cli.yes_or_no import is_yes, require_yes


def ask(typed: str, *, is_required: bool = False) -> tuple[str, str, int]:
    """Return what came of a question, what was shown, and the exit code."""

    @click.command()
    def command() -> None:
        if is_required:
            require_yes("Do it?")
            click.echo("done")
        else:
            click.echo(f"answer {is_yes('Do it?')}")

    result = CliRunner().invoke(command, input=typed)
    return result.stdout, result.stderr, result.exit_code


@pytest.mark.parametrize("typed", ["y", "yes", "j", "JA", " Ja ", "o", "oui"])
def test_yes_in_the_languages_of_editors_is_yes(typed: str) -> None:
    assert ask(f"{typed}\n") == ("answer True\n", f"Do it? [y/N]: {typed}\n", 0)


@pytest.mark.parametrize("typed", ["n", "no", "Nee", "nein", "non", ""])
def test_no_in_the_languages_of_editors_or_nothing_is_no(typed: str) -> None:
    assert ask(f"{typed}\n") == ("answer False\n", f"Do it? [y/N]: {typed}\n", 0)


def test_answer_that_is_neither_is_asked_for_again_in_plain_words() -> None:
    assert ask("perhaps\nja\n") == (
        "answer True\n",
        "Do it? [y/N]: perhaps\nAnswer y for yes, or n for no.\nDo it? [y/N]: ja\n",
        0,
    )


@pytest.mark.parametrize(("typed", "code"), [("nee\n", 1), ("", 1), ("ja\n", 0)])
def test_yes_that_is_required_goes_on_or_ends(typed: str, code: int) -> None:
    told, _, found = ask(typed, is_required=True)
    assert (found, told) == (code, "" if code else "done\n")
