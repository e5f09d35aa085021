"""A mail that was sent, and what its provider reports of it."""

import email
import json
from base64 import b64encode
from typing import Any

CREDENTIALS = b64encode(b"news:" + b"h" * 20).decode()


def test_token_of_a_mail_that_was_sent_comes_back_by_its_tag(town: Any) -> None:
    anna = ("anna@example.org",)
    (sent,) = [one for one in town.server.messages if one.recipients == anna]
    mail = email.message_from_bytes(sent.data)
    token = mail["X-PM-Metadata-message"]
    assert json.loads(mail["X-SMTPAPI"]) == {"unique_args": {"message": token}}
    assert mail["Message-ID"] == f"<{token}@example.org>"
    event = {
        "RecordType": "SpamComplaint",
        "Type": "SpamComplaint",
        "ID": 43,
        "Email": "anna@example.org",
        "Metadata": {"message": token},
    }
    headers = {"Authorization": f"Basic {CREDENTIALS}"}
    answer = town.ask("POST", "/hooks/postmark", json.dumps(event).encode(), headers)
    assert (answer.status, answer.data) == (200, b"ok\n")
    assert town.statuses("anna") == {"main": "unsubscribed"}
    assert town.statuses("bob") == {"main": "active"}
