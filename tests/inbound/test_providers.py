"""Events of providers -> readings: forms as they document them, and odd ones."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.inbound.mail import parse_mail
from newsletter.inbound.notifications import read_event, read_notification
from newsletter.inbound.providers.mailgun import read_mailgun
from newsletter.inbound.providers.postmark import has_password, read_postmark
from newsletter.inbound.providers.sendgrid import read_sendgrid
from newsletter.inbound.providers.ses import Envelope, read_envelope, read_ses
from newsletter.model.returned import BounceClass, MailKind, Reading, Report

TOPIC = "arn:aws:sns:eu-west-1:123456789012:letter"
TOKEN = "10g1g2" + "a" * 26
DATA = Path(__file__).resolve().parents[1] / "data" / "hooks"
BOUNCE, COMPLAINT = MailKind.BOUNCE, MailKind.COMPLAINT


def load(name: str) -> Any:
    return json.loads((DATA / name).read_text().replace("{token}", TOKEN))


def read(provider: str, event: Any) -> tuple[Reading, ...]:
    data = json.dumps(event).encode()
    if provider == "ses":
        values = {"MessageId": "1", "Message": data.decode()}
        return read_ses(Envelope("Notification", values, ""))
    if provider == "mailgun":
        return read_mailgun(event)
    return {"postmark": read_postmark, "sendgrid": read_sendgrid}[provider](data)


def with_event(**changes: Any) -> Any:
    event = load("mailgun-bounce.json")
    return {"event-data": event["event-data"] | changes}


@pytest.mark.parametrize("provider", ["ses", "mailgun", "postmark", "sendgrid"])
def test_dead_address_is_a_hard_bounce_with_our_token(provider: str) -> None:
    (reading,) = read(provider, load(f"{provider}-bounce.json"))
    assert reading.kind is BOUNCE
    assert reading.message_tokens == (TOKEN,)
    (report,) = reading.reports
    assert report.recipient == "anna@example.org"
    assert report.bounce_class is BounceClass.HARD
    assert report.status == "5.1.1"
    assert "anna@" not in report.diagnostic


@pytest.mark.parametrize("provider", ["ses", "mailgun", "postmark", "sendgrid"])
def test_complaint_is_one_with_our_token(provider: str) -> None:
    (reading,) = read(provider, load(f"{provider}-complaint.json"))
    assert reading.kind is COMPLAINT
    assert reading.message_tokens == (TOKEN,)
    assert reading.reports == (Report("anna@example.org"),)


@pytest.mark.parametrize("provider", ["ses", "mailgun", "postmark", "sendgrid"])
def test_event_is_known_again_by_its_number(provider: str) -> None:
    bounce, complaint = (
        read(provider, load(f"{provider}-{what}.json"))[0].key
        for what in ("bounce", "complaint")
    )
    assert bounce == read(provider, load(f"{provider}-bounce.json"))[0].key
    assert bounce != complaint
    assert len(bounce) == 32


def test_events_without_a_number_are_known_by_all_they_say() -> None:
    first, second = with_event(id=None), with_event(id=None, recipient="bob@x.example")
    assert read_mailgun(first)[0].key == read_mailgun(first)[0].key
    assert read_mailgun(first)[0].key != read_mailgun(second)[0].key


@pytest.mark.parametrize(
    ("provider", "event"),
    [
        ("ses", load("ses-delivery.json")),
        ("mailgun", with_event(event="delivered")),
        ("mailgun", with_event(event="opened")),
        ("mailgun", with_event(severity="temporary")),
        ("postmark", load("postmark-bounce.json") | {"Type": "AutoResponder"}),
        ("postmark", {"RecordType": "Open", "Email": "anna@example.org"}),
        ("sendgrid", [{"event": "deferred"}, {"event": "click"}]),
    ],
)
def test_what_is_neither_bounce_nor_complaint_is_passed_over(
    provider: str, event: Any
) -> None:
    assert read(provider, event) == ()


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure", "virus"])
def test_report_of_no_reader_is_no_complaint_of_amazons(kind: str) -> None:
    event = load("ses-complaint.json")
    event["complaint"]["complaintFeedbackType"] = kind
    assert read("ses", event) == ()


@pytest.mark.parametrize(
    ("provider", "event", "found"),
    [
        (
            "mailgun",
            with_event(reason="suppress-bounce", **{"delivery-status": {"code": 605}}),
            BounceClass.HARD,
        ),
        ("mailgun", with_event(**{"delivery-status": {"code": 605}}), BounceClass.SOFT),
        (
            "mailgun",
            with_event(**{"delivery-status": {"message": "mailbox full"}}),
            BounceClass.SOFT,
        ),
        (
            "postmark",
            load("postmark-bounce.json") | {"Details": "", "Description": ""},
            BounceClass.HARD,
        ),
        (
            "postmark",
            load("postmark-bounce.json") | {"Details": "552 5.2.2 mailbox full"},
            BounceClass.SOFT,
        ),
        (
            "postmark",
            load("postmark-bounce.json")
            | {"Type": "Blocked", "Details": "", "Description": ""},
            BounceClass.BLOCKED,
        ),
        ("sendgrid", [{"event": "bounce", "type": "blocked"}], BounceClass.BLOCKED),
        ("sendgrid", [{"event": "bounce", "type": "bounce"}], BounceClass.SOFT),
        (
            "sendgrid",
            [{"event": "dropped", "reason": "Bounced Address"}],
            BounceClass.HARD,
        ),
    ],
)
def test_servers_words_come_first_and_then_the_providers(
    provider: str, event: Any, found: BounceClass
) -> None:
    (reading,) = read(provider, event)
    assert [report.bounce_class for report in reading.reports] == [found]


def test_dropped_after_a_complaint_is_a_complaint() -> None:
    event = [{"event": "dropped", "reason": "Spam Reporting Address"}]
    assert read("sendgrid", event)[0].kind is COMPLAINT


def test_token_is_found_in_the_return_path_and_in_the_mail_itself() -> None:
    ses = load("ses-bounce.json")
    ses["mail"] = {"source": f"letter+{TOKEN}@example.org"}
    assert read("ses", ses)[0].message_tokens == (TOKEN,)
    postmark = load("postmark-bounce.json") | {
        "Metadata": {},
        "Content": "Subject: Undelivered\n\n--\nMessage-ID: "
        f"<{TOKEN}@example.org>\nSubject: What is new\n",
    }
    assert read("postmark", postmark)[0].message_tokens == (TOKEN,)


@pytest.mark.parametrize(
    "changes",
    [
        {"TopicArn": TOPIC.replace("letter", "other")},
        {"Type": "Nonsense"},
        {"Message": 7},
        {"SigningCertURL": "http://sns.eu-west-1.amazonaws.com/"},
        *(
            {"SigningCertURL": f"{start}/SimpleNotificationService-1.pem"}
            for start in (
                "http://sns.eu-west-1.amazonaws.com",
                "https://sns.eu-west-1.amazonaws.com.evil.example",
                "https://sns.eu-west-1.amazonaws.com@evil.example",
                "https://evil.example",
                "https://sns.us-east-1.amazonaws.com",
                "https://sns.eu-west-1.amazonaws.com:444",
                "https://sns.eu-west-1.amazonaws.com/..",
                "https://s3.amazonaws.com/sns.eu-west-1.amazonaws.com",
            )
        ),
        {
            "SigningCertURL": "https://sns.eu-west-1.amazonaws.com"
            "/SimpleNotificationService-1.pem?x=https://evil.example"
        },
    ],
)
def test_notification_of_another_topic_or_certificate_is_not_looked_at(
    changes: dict[str, Any],
) -> None:
    right = {
        "Type": "Notification",
        "TopicArn": TOPIC,
        "Message": "{}",
        "SigningCertURL": "https://sns.eu-west-1.amazonaws.com"
        "/SimpleNotificationService-1.pem",
    }
    assert read_envelope(json.dumps(right).encode(), TOPIC) is not None
    assert read_envelope(json.dumps(right | changes).encode(), TOPIC) is None


@pytest.mark.parametrize(
    ("header", "is_right"),
    [
        ("Basic bmV3czpjb3JyZWN0LWhvcnNlLWJhdHRlcnk=", True),
        ("basic bmV3czpjb3JyZWN0LWhvcnNlLWJhdHRlcnk=", True),
        ("Basic bmV3czp3cm9uZw==", False),
        ("Basic bmV3cw==", False),
        ("Basic é", False),
        ("Bearer bmV3czpjb3JyZWN0LWhvcnNlLWJhdHRlcnk=", False),
        ("", False),
    ],
)
def test_password_of_postmark_is_that_of_the_header(
    header: str, *, is_right: bool
) -> None:
    assert has_password(header, "correct-horse-battery") is is_right


def test_half_a_letter_in_a_mailed_notification_is_no_fault() -> None:
    """JSON may hold "\\ud800", which no database takes."""
    event = load("ses-bounce.json")
    row = event["bounce"]["bouncedRecipients"][0]
    row |= {"status": "\ud800", "emailAddress": "\ud800@x.example", "action": "\ud800"}
    row["diagnosticCode"] = "smtp; \ud800"
    found = read_notification(
        parse_mail(b"Subject: x\n\n" + json.dumps(event).encode())
    )
    assert found is not None
    (report,) = found[1]
    assert report.status == ""
    f"{report}".encode()


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


def _spoil(event: Any, data: st.DataObject) -> Any:
    """Return *event* with other values in some places."""
    if isinstance(event, dict) and data.draw(st.integers(0, 9)):
        return {name: _spoil(value, data) for name, value in event.items()}
    if isinstance(event, list) and data.draw(st.integers(0, 9)):
        return [_spoil(value, data) for value in event]
    return event if data.draw(st.integers(0, 3)) else data.draw(_VALUES)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("name", sorted(path.name for path in DATA.glob("*.json")))
def test_whatever_stands_in_an_event_is_no_fault(
    name: str, data: st.DataObject
) -> None:
    event = _spoil(load(name), data)
    for reading in read(name.partition("-")[0], event):
        assert len(reading.key) == 32
        f"{reading}".encode()


@given(st.binary(max_size=200))
def test_whatever_is_posted_is_no_fault(body: bytes) -> None:
    read_envelope(body, TOPIC)
    read_postmark(body)
    read_sendgrid(body)
    read_event(body)
