"""The copies of an issue that are looked at before anybody gets one."""

from collections.abc import Iterable
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from newsletter.checks.copies import read_copy
from newsletter.messages.personalise import personalise
from newsletter.model.assembled import Assembled
from newsletter.model.copy import Copy, Reader
from newsletter.model.settings import Settings
from newsletter.workflow.letters import compile_issue
from newsletter.workflow.sample import SAMPLE_RECIPIENT, SAMPLE_TOKEN

#: Of whom nothing is known: what happens where every field is empty.
UNKNOWN_READER = Reader("a reader of whom nothing is known", SAMPLE_RECIPIENT)


def make_copies(
    assembled: Assembled, settings: Settings, readers: Iterable[Reader]
) -> tuple[Copy, ...]:
    """Return the copy of each reader; none of their links leads anywhere.

    Dated at noon of the issue's own day, so that the same issue gives the same bytes.

    Raises:
        DefinitionError: Sender, subject or another value cannot stand in a mail.
    """
    zone = ZoneInfo(settings.newsletter.time_zone)
    noon = datetime.combine(assembled.issue.date, time(12), tzinfo=zone)
    compiled = compile_issue(assembled, settings)
    return tuple(
        read_copy(
            reader,
            personalise(
                compiled,
                email=reader.email,
                fields=reader.fields,
                unsubscribe_token=SAMPLE_TOKEN,
                message_token=SAMPLE_TOKEN,
                sent_at=noon.astimezone(UTC),
            ).data,
            tokens=(SAMPLE_TOKEN,),
        )
        for reader in readers
    )
