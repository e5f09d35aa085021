from io import StringIO

import click
import pytest
from click.testing import CliRunner

from newsletter.cli.yes_or_no import is_yes, require_yes
from newsletter.errors import RefusedError


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


def test_yes_that_is_required_goes_on() -> None:
    assert ask("ja\n", is_required=True)[::2] == ("done\n", 0)


def test_no_to_what_is_required_says_that_nothing_was_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("nee\n"))
    with pytest.raises(RefusedError) as caught:
        require_yes("Do it?")
    assert str(caught.value) == "Nothing was done."


def test_nobody_who_answers_is_an_interruption() -> None:
    assert ask("", is_required=True)[::2] == ("", 1)
