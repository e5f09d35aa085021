"""`newsletter subscribers record`: the record of processing."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.context import json_option, pass_project, print_json, say
from newsletter.errors import OperationError, UsageError

if TYPE_CHECKING:
    from newsletter.workflow.project import Project

_ADVICE = "To keep it to yourself: chmod 600"
#: More have one cause.
_MOST_SHOWN = 10


@click.command("record", short_help="Write the record of processing (GDPR, Art. 30).")
@click.option(
    "-o",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it to a file (Markdown), in place of what was there.",
)
@click.option(
    "--language",
    metavar="TAG",
    help="One of en, nl, de, fr, ar; default: that of the newsletter, or English.",
)
@json_option
@pass_project
def record(
    project: "Project", file: Path | None, language: str | None, as_json: bool
) -> None:
    """Write the record of processing that European law asks for (Article 30).

    What is kept, for how long and who sees it come from your settings; what only you
    can know is marked "To be filled in".
    """
    from newsletter.workflow.exposed_files import find_exposed
    from newsletter.workflow.processing import write_record

    exposed = find_exposed(project)
    text = write_record(
        project.settings,
        today=datetime.now(UTC).date(),
        language=_known(language) or project.settings.newsletter.language,
        exposed=exposed,
    )
    if file is not None:
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise OperationError(
                f"{file}: cannot write it: {error.strerror}.", "Choose another file."
            ) from error
    if as_json:
        print_json({"record": text})
    elif file is None:
        click.echo(text, nl=False)
    else:
        click.echo(f"Written: {file}")
    for name in (exposed or ())[:_MOST_SHOWN]:
        say(f"Other users of this computer can read {name}. {_ADVICE} '{name}'")


def _known(language: str | None) -> str | None:
    """Return a language that there are words in.

    Raises:
        UsageError: There are none.
    """
    from newsletter.i18n import page_words
    from newsletter.i18n.languages import primary_language

    if language and page_words(language).language != primary_language(language):
        raise UsageError(
            f'there are no words for "{language}".', "There are: en, nl, de, fr, ar."
        )
    return language
