"""`newsletter subscribers record`: the record of processing."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.context import json_option, pass_project, print_json
from newsletter.errors import OperationError

if TYPE_CHECKING:
    from newsletter.workflow.project import Project


@click.command("record", short_help="Write the record of processing (GDPR, Art. 30).")
@click.option(
    "-o",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it to a file (Markdown), in place of what was there.",
)
@json_option
@pass_project
def record(project: "Project", file: Path | None, as_json: bool) -> None:
    """Write the record of processing that European law asks for (Article 30).

    What is kept, for how long and who sees it come from your settings; what only you
    can know is marked "To be filled in".
    """
    from newsletter.workflow.processing import write_record

    text = write_record(project.settings, today=datetime.now(UTC).date())
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
