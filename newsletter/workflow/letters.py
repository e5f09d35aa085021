"""One recipient's message: the same way for a test, a rehearsal and a dispatch.

What differs is only whose tokens stand in it: those of a test let nobody leave.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from newsletter.i18n import words
from newsletter.messages.compile import compile_message
from newsletter.messages.identity import derive_identity
from newsletter.messages.personalise import personalise
from newsletter.model.assembled import Assembled
from newsletter.model.delivery import Delivery
from newsletter.model.message import CompiledMessage, Message
from newsletter.model.settings import Settings
from newsletter.tokens import Keyring, Purpose, sign

Clock = Callable[[], datetime]


def compile_issue(
    assembled: Assembled, settings: Settings, *, is_marked: bool = False
) -> CompiledMessage:
    """Return the mail of an issue, ready for its recipients.

    Args:
        assembled: The issue.
        settings: In whose name it goes.
        is_marked: Put [TEST] before the subject, in the language of the issue.

    Raises:
        DefinitionError: Sender, subject or another value cannot stand in a mail.
    """
    if is_marked:
        mark = words(assembled.issue.language).text("TEST")
        assembled = replace(assembled, subject=f"[{mark}] {assembled.subject}")
    return compile_message(assembled, derive_identity(assembled.issue, settings))


def message_token(keyring: Keyring, dispatch_id: int, subscriber_id: int) -> str:
    """Return the left-hand side of a Message-ID: the same for each try."""
    return sign(keyring, Purpose.MESSAGE, dispatch_id, subscriber_id)


def message_id(
    compiled: CompiledMessage, keyring: Keyring, dispatch_id: int, subscriber_id: int
) -> str:
    """Return the Message-ID of one delivery, with its angle brackets."""
    token = message_token(keyring, dispatch_id, subscriber_id)
    return f"<{token}@{compiled.message_domain}>"


def dispatch_writer(
    compiled: CompiledMessage, keyring: Keyring, *, list_id: int, clock: Clock
) -> Callable[[Delivery], Message]:
    """Return the function that writes a delivery's message, now.

    Args:
        compiled: The frozen content of the dispatch.
        keyring: Signs the tokens.
        list_id: What the unsubscribe link leaves; 0: every list.
        clock: Aware.
    """

    def write(delivery: Delivery) -> Message:
        person = delivery.subscriber_id
        return personalise(
            compiled,
            email=delivery.email,
            fields=delivery.fields,
            unsubscribe_token=sign(keyring, Purpose.UNSUBSCRIBE, person, list_id),
            message_token=message_token(keyring, delivery.dispatch_id, person),
            sent_at=clock(),
            smtputf8=True,
        )

    return write


def write_harmless(
    compiled: CompiledMessage,
    keyring: Keyring,
    *,
    email: str,
    fields: Mapping[str, str],
    number: int,
    now: datetime,
) -> Message:
    """Return the message as *email* would get it, with links that change nothing.

    Args:
        compiled: The content.
        keyring: Signs the tokens.
        email: Whose envelope.
        fields: Whose fields.
        number: Makes its Message-ID unlike that of every other one.
        now: Aware.
    """
    token = sign(keyring, Purpose.TEST, int(now.timestamp() * 1000), number)
    return personalise(
        compiled,
        email=email,
        fields=fields,
        unsubscribe_token=token,
        message_token=token,
        sent_at=now,
        smtputf8=True,
    )
