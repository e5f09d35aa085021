"""Providers report to the running site: whose word counts, and what it does."""

import hashlib
import hmac
import json
import sqlite3
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
)
from sqlalchemy import update

from newsletter.errors import OperationError
from newsletter.model.delivery import DeliveryState
from newsletter.model.dispatch import Order
from newsletter.model.settings import HooksSettings
from newsletter.store.contents import Content, save_content
from newsletter.store.dispatches import create_dispatch
from newsletter.store.instants import to_millis
from newsletter.store.tables import deliveries
from newsletter.tokens import Purpose, sign
from newsletter.web.app import public_app
from newsletter.workflow.desk import open_desk
from newsletter.workflow.hooks import open_hooks
from newsletter.workflow.project import Project
from newsletter.workflow.serve import open_listener, serving

from .conftest import NOW, Answer, Site, make_settings

TOPIC = "arn:aws:sns:eu-west-1:123456789012:letter"
HOST = "sns.eu-west-1.amazonaws.com"
CERTIFICATE = "/SimpleNotificationService-0123abcd.pem"
MAILGUN_KEY = "key-0123456789abcdef"
PASSWORD = "correct-horse-battery"
DATA = Path(__file__).resolve().parents[1] / "data" / "hooks"
PROVIDERS = ("ses", "mailgun", "postmark", "sendgrid")


@dataclass
class Amazon:
    """What Amazon keeps, and signs by."""

    key: rsa.RSAPrivateKey
    certificate: bytes
    asked: list[tuple[str, str]] = field(default_factory=list)
    is_down: bool = False

    def fetch(self, host: str, path: str) -> bytes:
        self.asked.append((host, path))
        if self.is_down:
            raise OperationError(f"{host} does not answer: down.")
        return self.certificate if path.endswith(".pem") else b"<ok/>"

    def sign(self, values: dict[str, str], version: str = "1") -> dict[str, str]:
        named = ("Message", "MessageId", "SubscribeURL", "Subject", "Timestamp")
        names = [*named, "Token", "TopicArn", "Type"]
        text = "".join(f"{name}\n{values[name]}\n" for name in names if name in values)
        algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()  # noqa: S303
        signature = self.key.sign(text.encode(), padding.PKCS1v15(), algorithm)
        return values | {
            "SignatureVersion": version,
            "Signature": b64encode(signature).decode(),
            "SigningCertURL": f"https://{HOST}{CERTIFICATE}",
        }


def make_amazon() -> Amazon:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name(
        [x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=30))
        .not_valid_after(NOW + timedelta(days=300))
        .sign(key, hashes.SHA256())
    )
    return Amazon(key, certificate.public_bytes(Encoding.PEM))


@dataclass(frozen=True)
class Office:
    """A site that providers report to, and a dispatch that they may report of."""

    site: Site
    amazon: Amazon
    sendgrid: ec.EllipticCurvePrivateKey

    def send(self, name: str) -> int:
        """Let somebody get a mail; return who."""
        reader = self.site.add_reader(f"{name}@example.org")
        with self.site.desk.database.writing() as connection:
            save_content(connection, Content(f"c-{name}", "a", "Hi", b"x"), now=NOW)
            order = Order(f"a-{name}", f"c-{name}", ("main",))
            create_dispatch(connection, order, now=NOW)
            connection.execute(
                update(deliveries).values(
                    state=DeliveryState.ACCEPTED, at=to_millis(NOW)
                )
            )
        return reader

    def token(self, reader: int) -> str:
        with closing(sqlite3.connect(self.site.desk.database.path)) as connection:
            (dispatch,) = connection.execute(
                "SELECT max(dispatch_id) FROM deliveries WHERE subscriber_id = ?",
                (reader,),
            ).fetchone()
        return sign(self.site.desk.keyring, Purpose.MESSAGE, dispatch, reader)

    def event(self, provider: str, what: str, token: str) -> Any:
        text = (DATA / f"{provider}-{what}.json").read_text()
        return json.loads(text.replace("{token}", token))

    def signed(
        self, provider: str, event: Any, *, word: str = "w0"
    ) -> tuple[bytes, dict[str, str]]:
        """Return body and headers as the provider would post them."""
        if provider == "ses":
            values = {
                "Type": "Notification",
                "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
                "TopicArn": TOPIC,
                "Message": json.dumps(event),
                "Timestamp": "2026-11-21T12:00:00.000Z",
            }
            return json.dumps(self.amazon.sign(values)).encode(), {}
        if provider == "mailgun":
            return json.dumps(event | sign_mailgun(word)).encode(), {}
        body = json.dumps(event).encode()
        if provider == "postmark":
            credentials = b64encode(f"news:{PASSWORD}".encode()).decode()
            return body, {"Authorization": f"Basic {credentials}"}
        timestamp = "1763726400"
        signature = self.sendgrid.sign(
            timestamp.encode() + body, ec.ECDSA(hashes.SHA256())
        )
        return body, {
            "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
            "X-Twilio-Email-Event-Webhook-Signature": b64encode(signature).decode(),
        }

    def post(
        self, provider: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> Answer:
        json_type = {"Content-Type": "application/json"}
        return self.site.ask(
            "POST", f"/hooks/{provider}", body, json_type | dict(headers or {})
        )

    def state(self) -> str:
        with closing(sqlite3.connect(self.site.desk.database.path)) as connection:
            lines = connection.iterdump()
            # A row that is there already takes a number all the same.
            return "\n".join(line for line in lines if "sqlite_sequence" not in line)


def sign_mailgun(word: str, *, seconds_ago: int = 0) -> dict[str, Any]:
    timestamp = str(int(NOW.timestamp()) - seconds_ago)
    signature = hmac.new(
        MAILGUN_KEY.encode(), f"{timestamp}{word}".encode(), hashlib.sha256
    )
    values = {"timestamp": timestamp, "token": word, "signature": signature.hexdigest()}
    return {"signature": values}


@contextmanager
def running_office(root: Path) -> Iterator[Office]:
    amazon, sendgrid = make_amazon(), ec.generate_private_key(ec.SECP256R1())
    public = sendgrid.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    secret = root / "mailgun.key"
    secret.write_text(f"{MAILGUN_KEY}\n")
    secret.chmod(0o600)
    settings = replace(
        make_settings(),
        hooks=HooksSettings(
            ses_topic=TOPIC,
            mailgun_key="file:mailgun.key",
            postmark_password="env:POSTMARK",
            sendgrid_key=b64encode(public).decode(),
        ),
    )
    project = Project(root, settings)
    hooks = open_hooks(project, {"POSTMARK": PASSWORD}, fetch=amazon.fetch)
    listener = open_listener("127.0.0.1", 0)
    with open_desk(project) as desk:
        app = public_app(project, desk, now=lambda: NOW, hooks=hooks)
        with serving(app, listener):
            yield Office(Site(project, desk, listener), amazon, sendgrid)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with running_office(tmp_path_factory.mktemp("office")) as office:
        yield office


@pytest.fixture
def own_office(tmp_path: Path) -> Iterator[Office]:
    with running_office(tmp_path) as office:
        yield office


@pytest.mark.parametrize("provider", PROVIDERS)
def test_bounce_stops_the_reader_and_the_same_again_changes_nothing(
    office: Office, provider: str
) -> None:
    reader = office.send(f"bounce-{provider}")
    event = office.event(provider, "bounce", office.token(reader))
    body, headers = office.signed(provider, event, word=f"b-{provider}")
    answer = office.post(provider, body, headers)
    assert (answer.status, answer.text) == (200, "ok\n")
    assert office.site.statuses(reader) == {"main": "bounced"}
    assert office.site.suppressed(f"bounce-{provider}@example.org") == [
        ("*", "bounced")
    ]
    assert office.site.history(reader)[-1] == ("main", "bounced", provider)
    before = office.state()
    answer = office.post(provider, body, headers)
    assert (answer.status, answer.text) == (200, "ok\n")
    assert office.state() == before


@pytest.mark.parametrize("provider", PROVIDERS)
def test_complaint_stops_the_reader(office: Office, provider: str) -> None:
    reader = office.send(f"spam-{provider}")
    event = office.event(provider, "complaint", office.token(reader))
    body, headers = office.signed(provider, event, word=f"c-{provider}")
    assert office.post(provider, body, headers).status == 200
    assert office.site.statuses(reader) == {"main": "unsubscribed"}
    assert office.site.suppressed(f"spam-{provider}@example.org") == [
        ("*", "complained")
    ]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_event_about_no_mail_of_ours_is_answered_alike_and_changes_nothing(
    office: Office, provider: str
) -> None:
    office.send(f"other-{provider}")
    other = sign(office.site.desk.keyring, Purpose.UNSUBSCRIBE, 1, 1)
    before = office.state()
    for number, token in enumerate(("", other, "1" + "a" * 30)):
        event = office.event(provider, "bounce", token)
        word = f"o-{provider}{number}"
        body, headers = office.signed(provider, event, word=word)
        answer = office.post(provider, body, headers)
        assert (answer.status, answer.text) == (200, "ok\n")
    assert office.state() == before


@pytest.mark.parametrize("provider", PROVIDERS)
def test_event_that_is_not_well_signed_is_refused_and_changes_nothing(
    office: Office, provider: str
) -> None:
    reader = office.send(f"forged-{provider}")
    event = office.event(provider, "bounce", office.token(reader))
    body, headers = office.signed(provider, event, word=f"f-{provider}")
    before = office.state()
    wrong = dict.fromkeys(headers, "Basic bmV3czp3cm9uZw==")
    forged = [(json.dumps(event).encode(), wrong), (b"", {}), (b"{", {}), (b"[1]", {})]
    if provider != "postmark":
        forged.append((body.replace(b"w0", b"w1").replace(b"anna", b"bob"), headers))
    if provider in ("postmark", "sendgrid"):
        forged.append((body, {}))
    answers = set()
    for one, with_headers in forged:
        if provider == "mailgun" and one.startswith(b'{"sig') and one != forged[0][0]:
            # It signs no body: see the test of its words.
            continue
        answer = office.post(provider, one, with_headers)
        answers.add((answer.status, answer.text))
    assert answers == {(403, "no\n")}
    assert office.state() == before
    assert office.site.statuses(reader) == {"main": "active"}


def test_words_of_mailgun_are_fresh_and_good_for_one_body(office: Office) -> None:
    reader = office.send("words")
    event = office.event("mailgun", "bounce", "")
    good, _ = office.signed("mailgun", event, word="once")
    assert office.post("mailgun", good).status == 200
    stolen = office.event("mailgun", "bounce", office.token(reader))
    stolen["event-data"]["id"] = "another"
    body, _ = office.signed("mailgun", stolen, word="once")
    assert office.post("mailgun", body).status == 403
    assert office.post("mailgun", good).status == 200
    for seconds in (15 * 60 + 1, -15 * 60 - 1):
        stale = stolen | sign_mailgun("late", seconds_ago=seconds)
        assert office.post("mailgun", json.dumps(stale).encode()).status == 403
    assert office.site.statuses(reader) == {"main": "active"}
    timely = stolen | sign_mailgun("late", seconds_ago=15 * 60)
    assert office.post("mailgun", json.dumps(timely).encode()).status == 200
    assert office.site.statuses(reader) == {"main": "bounced"}


def test_mail_of_long_ago_is_not_counted(own_office: Office) -> None:
    reader = own_office.send("old")
    with own_office.site.desk.database.writing() as connection:
        old = to_millis(NOW - timedelta(days=31))
        connection.execute(update(deliveries).values(at=old))
    event = own_office.event("postmark", "bounce", own_office.token(reader))
    assert own_office.post("postmark", *own_office.signed("postmark", event)).status
    assert own_office.site.statuses(reader) == {"main": "active"}


# --- Amazon ---------------------------------------------------------------------------


def _confirmation(**changes: str) -> dict[str, str]:
    return {
        "Type": "SubscriptionConfirmation",
        "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
        "Token": "2336412f37f&Action=Evil",
        "TopicArn": TOPIC,
        "Message": "You have chosen to subscribe to the topic.",
        "SubscribeURL": f"https://{HOST}/?Action=ConfirmSubscription",
        "Timestamp": "2026-11-21T12:00:00.000Z",
    } | changes


def test_topic_of_the_settings_is_confirmed_and_no_other(own_office: Office) -> None:
    amazon = own_office.amazon
    other = _confirmation(TopicArn=TOPIC.replace("letter", "evil"))
    assert own_office.post("ses", json.dumps(amazon.sign(other)).encode()).status == 403
    assert amazon.asked == []
    unsigned = _confirmation() | {
        "Signature": b64encode(b"x" * 256).decode(),
        "SignatureVersion": "1",
        "SigningCertURL": f"https://{HOST}{CERTIFICATE}",
    }
    assert own_office.post("ses", json.dumps(unsigned).encode()).status == 403
    assert amazon.asked == [(HOST, CERTIFICATE)]
    right = json.dumps(amazon.sign(_confirmation())).encode()
    assert own_office.post("ses", right).status == 200
    assert amazon.asked[1:] == [
        (
            HOST,
            "/?Action=ConfirmSubscription"
            "&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3Aletter"
            "&Token=2336412f37f%26Action%3DEvil",
        )
    ]


@pytest.mark.parametrize("version", ["1", "2"])
def test_both_versions_of_amazons_signature_count(
    own_office: Office, version: str
) -> None:
    reader = own_office.send("anna")
    event = own_office.event("ses", "bounce", own_office.token(reader))
    values = {
        "Type": "Notification",
        "MessageId": "1",
        "Subject": "Amazon SES Email Event Notification",
        "TopicArn": TOPIC,
        "Message": json.dumps(event),
        "Timestamp": "2026-11-21T12:00:00.000Z",
    }
    signed = own_office.amazon.sign(values, version)
    swapped = signed | {"SignatureVersion": "2" if version == "1" else "1"}
    for bad in (swapped, signed | {"SignatureVersion": "3"}, signed | {"Subject": "x"}):
        assert own_office.post("ses", json.dumps(bad).encode()).status == 403
    assert own_office.post("ses", json.dumps(signed).encode()).status == 200
    assert own_office.site.statuses(reader) == {"main": "bounced"}
    assert own_office.amazon.asked == [(HOST, CERTIFICATE)]


def test_while_amazon_is_down_it_is_asked_to_come_again_and_not_too_often(
    own_office: Office,
) -> None:
    reader = own_office.send("anna")
    event = own_office.event("ses", "bounce", own_office.token(reader))
    body, _ = own_office.signed("ses", event)
    own_office.amazon.is_down = True
    for _ in range(12):
        answer = own_office.post("ses", body)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "120")
    assert len(own_office.amazon.asked) == 10
    assert own_office.site.statuses(reader) == {"main": "active"}


def test_certificate_that_ran_out_signs_nothing(own_office: Office) -> None:
    later = make_amazon()
    expired = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([]))
        .public_key(own_office.amazon.key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=30))
        .not_valid_after(NOW - timedelta(days=1))
        .sign(later.key, hashes.SHA256())
    )
    own_office.amazon.certificate = expired.public_bytes(Encoding.PEM)
    body, _ = own_office.signed("ses", own_office.event("ses", "bounce", ""))
    assert own_office.post("ses", body).status == 403


# --- the paths ------------------------------------------------------------------------


@pytest.mark.parametrize("provider", PROVIDERS)
def test_path_is_there_only_for_who_is_in_the_settings(
    site: Site, provider: str
) -> None:
    unknown = site.ask("GET", "/nothing/at-all")
    assert unknown.status == 404
    for method in ("GET", "POST"):
        answer = site.ask(method, f"/hooks/{provider}", b"{}")
        assert answer.status == 404
        assert answer.text == unknown.text


@pytest.mark.parametrize("provider", PROVIDERS)
def test_path_takes_post_alone_and_no_long_body(office: Office, provider: str) -> None:
    path = f"/hooks/{provider}"
    nobody = "/hooks/nobody"
    for method, status in (("GET", 404), ("HEAD", 404), ("PUT", 405), ("DELETE", 405)):
        assert office.site.ask(method, path).status == status
        assert office.site.ask(method, nobody).status == status
    assert office.post("nobody", b"{}").status == 404
    assert office.post(provider, b"x" * 1_000_001).status == 413


def test_nothing_of_an_event_is_logged(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    reader = office.send("quiet")
    for provider in PROVIDERS:
        event = office.event(provider, "bounce", office.token(reader))
        body, headers = office.signed(provider, event, word=f"q-{provider}")
        office.post(provider, body, headers)
        office.post(provider, body[:-9], headers)
    assert "@example.org" not in caplog.text
    assert PASSWORD not in caplog.text
    assert MAILGUN_KEY not in caplog.text


# --- secrets --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hooks", "said"),
    [
        (
            HooksSettings(mailgun_key="env:MAILGUN_KEY"),
            "the secret of [hooks.mailgun] is not set. "
            "Set it in the environment: export MAILGUN_KEY=…",
        ),
        (
            HooksSettings(postmark_password="env:SHORT"),
            "the secret of [hooks.postmark] is too short. "
            "Set it in the environment: export SHORT=…",
        ),
        (
            HooksSettings(mailgun_key="file:none.key"),
            "the secret of [hooks.mailgun] {root}/none.key cannot be read: "
            "No such file or directory. Put the secret alone into the file none.key.",
        ),
    ],
)
def test_secret_that_cannot_be_had_is_told(
    tmp_path: Path, hooks: HooksSettings, said: str
) -> None:
    project = Project(tmp_path, replace(make_settings(), hooks=hooks))
    with pytest.raises(OperationError) as caught:
        open_hooks(project, {"SHORT": "x" * 15})
    assert str(caught.value) == said.format(root=tmp_path)
