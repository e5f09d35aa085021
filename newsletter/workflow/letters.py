"""One recipient's message: the same way for a test, a rehearsal and a dispatch.

What differs is only whose tokens stand in it: those of a test let nobody leave.

A returned mail is known by one token, that of the Message-ID: it stands before the
``@`` there and in the envelope sender (VERP). One of its own would protect nothing, for
whoever returns a mail has both; and one spelling for a message makes logs searchable.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from newsletter.i18n import words
from newsletter.messages.compile import compile_message
from newsletter.messages.dkim import DkimSigner, sign_message, write_signatures
from newsletter.messages.identity import derive_identity
from newsletter.messages.letterhead import TOKEN_MARK
from newsletter.messages.personalise import fill_in, join, personalise
from newsletter.model.assembled import Assembled
from newsletter.model.delivery import Delivery
from newsletter.model.message import CompiledMessage, Filling, Message
from newsletter.model.settings import Settings
from newsletter.tokens import Keyring, Purpose, sign
from newsletter.workflow.dkim_keys import open_signers
from newsletter.workflow.project import Project

Clock = Callable[[], datetime]

#: A leaving link names its reader and so many lists: a token has four numbers at most.
MOST_LISTS_NAMED = 3


@dataclass(frozen=True, slots=True)
class Seal:
    """What each mail of a project gets besides its content: never part of its hash."""

    signers: tuple[DkimSigner, ...] = ()
    #: Envelope sender with `TOKEN_MARK` in it; empty: the sender's own address.
    bounce_address: str = ""

    def return_address(self, token: str) -> str:
        """Return where the message with *token* comes back to; empty: to its sender."""
        return self.bounce_address.replace(TOKEN_MARK, token)


def open_seal(project: Project) -> Seal:
    """Return the seal of *project*.

    Raises:
        OperationError: A DKIM key is missing, readable by others, or cannot be used.
    """
    return Seal(open_signers(project), project.settings.newsletter.bounce_address)


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
    """Return the left-hand side of a Message-ID: the same for each try by one key."""
    return sign(keyring, Purpose.MESSAGE, dispatch_id, subscriber_id)


def message_id(
    compiled: CompiledMessage, keyring: Keyring, dispatch_id: int, subscriber_id: int
) -> str:
    """Return the Message-ID of one delivery, with its angle brackets."""
    token = message_token(keyring, dispatch_id, subscriber_id)
    return f"<{token}@{compiled.message_domain}>"


def dispatch_filler(
    compiled: CompiledMessage,
    keyring: Keyring,
    *,
    list_ids: tuple[int, ...],
    clock: Clock,
    seal: Seal | None = None,
) -> Callable[[Delivery], Filling]:
    """Return the function that makes what one delivery's message has of its own, now.

    Safe in any thread.

    Args:
        compiled: The frozen content of the dispatch.
        keyring: Signs the tokens.
        list_ids: What the unsubscribe link leaves; `ANY_LIST_ID` alone: every list.
        clock: Aware.
        seal: None: unsigned, and back to the sender.
    """
    seal = seal or Seal()
    has_preferences = compiled.has_preferences

    def fill(delivery: Delivery) -> Filling:
        person, now = delivery.subscriber_id, clock()
        token = message_token(keyring, delivery.dispatch_id, person)
        filling = fill_in(
            compiled,
            email=delivery.email,
            fields=delivery.fields,
            unsubscribe_token=sign(keyring, Purpose.UNSUBSCRIBE, person, *list_ids),
            message_token=token,
            sent_at=now,
            smtputf8=True,
            envelope_sender=seal.return_address(token),
            preferences_token=sign(keyring, Purpose.PREFERENCES, person)
            if has_preferences
            else "",
        )
        if not seal.signers:
            return filling
        data = join(compiled, filling).data
        signatures = write_signatures(data, seal.signers, now)
        return filling._replace(signatures=signatures)

    return fill


def dispatch_writer(
    compiled: CompiledMessage, fill: Callable[[Delivery], Filling]
) -> Callable[[Delivery], Message]:
    """Return the function that writes a delivery's message, now; safe in any thread.

    Args:
        compiled: The frozen content of the dispatch.
        fill: From `dispatch_filler`.
    """
    return lambda delivery: join(compiled, fill(delivery))


def write_harmless(
    compiled: CompiledMessage,
    keyring: Keyring,
    *,
    email: str,
    fields: Mapping[str, str],
    number: int,
    now: datetime,
    seal: Seal | None = None,
) -> Message:
    """Return the message as *email* would get it, with links that change nothing.

    Args:
        compiled: The content.
        keyring: Signs the tokens.
        email: Whose envelope.
        fields: Whose fields.
        number: Makes its Message-ID unlike that of every other one.
        now: Aware.
        seal: None: unsigned, and back to the sender.
    """
    seal = seal or Seal()
    # One number, so that a bounce address has room for it.
    token = sign(keyring, Purpose.TEST, int(now.timestamp() * 1000) + number)
    message = personalise(
        compiled,
        email=email,
        fields=fields,
        unsubscribe_token=token,
        message_token=token,
        sent_at=now,
        smtputf8=True,
        envelope_sender=seal.return_address(token),
        preferences_token=token,
    )
    return sign_message(message, seal.signers, now)
