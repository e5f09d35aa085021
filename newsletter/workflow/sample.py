"""The mail of an issue as somebody without any field gets it: to show, to measure."""

import re
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from newsletter.messages.personalise import personalise
from newsletter.model.assembled import Assembled
from newsletter.model.settings import Settings
from newsletter.workflow.letters import compile_issue

#: RFC 2606 keeps this address from being anybody's.
SAMPLE_RECIPIENT = "reader@example.org"
#: Nobody's: as long as a real one, but the leaving link of a sample leads nowhere.
SAMPLE_TOKEN = "sample".ljust(40, "a")
#: Another one, so that it is seen which of the two links is missing.
SAMPLE_PREFERENCES_TOKEN = "settings".ljust(38, "a")
#: All that stand in a sample, that for leaving first.
SAMPLE_TOKENS = (SAMPLE_TOKEN, SAMPLE_PREFERENCES_TOKEN)

#: Lines of a part may begin with "--" (comments do), but never with "--=_": an equals
#: sign is encoded there (RFC 2045, section 6.7).
_HTML_PART = re.compile(rb"Content-Type: text/html.*?\r\n\r\n(.*?)\r\n--=_", re.DOTALL)


def sample_message(assembled: Assembled, settings: Settings) -> bytes:
    """Return the same bytes for the same issue: it is dated at noon of its own day.

    Raises:
        DefinitionError: Sender, subject or another value cannot stand in a mail.
    """
    zone = ZoneInfo(settings.newsletter.time_zone)
    noon = datetime.combine(assembled.issue.date, time(12), tzinfo=zone)
    return personalise(
        compile_issue(assembled, settings),
        email=SAMPLE_RECIPIENT,
        fields={},
        unsubscribe_token=SAMPLE_TOKEN,
        message_token=SAMPLE_TOKEN,
        preferences_token=SAMPLE_PREFERENCES_TOKEN,
        sent_at=noon.astimezone(UTC),
    ).data


def html_part_bytes(message: bytes) -> int:
    """Return how many bytes the HTML part of a message takes as it travels."""
    found = _HTML_PART.search(message)
    return len(found[1]) if found else 0
