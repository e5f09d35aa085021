"""The bytes that go to one recipient."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """One finished mail with its envelope.

    *data* is what RFC 5321 calls mail data: CRLF line ends, ends with CRLF, ASCII only
    unless *needs_smtputf8*, no line that starts with a dot (so there is nothing to stuff).
    """

    data: bytes
    envelope_sender: str
    envelope_recipient: str
    #: With angle brackets.
    message_id: str
    needs_smtputf8: bool = False
