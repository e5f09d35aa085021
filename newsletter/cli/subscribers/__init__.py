"""`newsletter subscribers …`: people come, go and are shown."""

import click

from newsletter.cli.subscribers import export, forget, imports, people, record


@click.group("subscribers")
def command() -> None:
    """Import, add, list and unsubscribe people."""


command.add_command(imports.import_file)
command.add_command(export.export)
command.add_command(people.add)
command.add_command(people.unsubscribe)
command.add_command(people.list_people)
command.add_command(people.count)
command.add_command(people.show)
command.add_command(forget.forget)
command.add_command(record.record)
