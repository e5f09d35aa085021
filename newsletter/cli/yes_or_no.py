"""Questions that are answered with yes or no, in any language that editors write in."""

import click

from newsletter.cli.context import say
from newsletter.errors import RefusedError

#: en, nl, de and fr; Enter alone is no.
_ANSWERS = {
    **dict.fromkeys(("y", "yes", "j", "ja", "o", "oui"), True),
    **dict.fromkeys(("n", "no", "nee", "nein", "non", ""), False),
}


def is_yes(question: str) -> bool:
    """Ask on a terminal, until the answer is yes or no.

    Raises:
        Abort: Nobody answers any more.
    """
    while True:
        given: str = click.prompt(
            f"{question} [y/N]", default="", show_default=False, err=True
        )
        answer = _ANSWERS.get(given.strip().casefold())
        if answer is not None:
            return answer
        say("Answer y for yes, or n for no.")


def require_yes(question: str) -> None:
    """Ask, and go on only with a yes.

    Raises:
        Abort: Nobody answers any more.
        RefusedError: The answer is no.
    """
    if not is_yes(question):
        raise RefusedError("Nothing was done.")
