"""What the providers of mail servers report to our pages: whose word, and what it does.

Law: what is not well signed is not read. What is, acts as a returned mail does: once,
and by a token of ours for a mail that we sent within 30 days; all else changes nothing.
"""

import hashlib
import threading
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from sqlalchemy import Connection

from newsletter.errors import OperationError
from newsletter.inbound.jsonvalues import parse_json
from newsletter.inbound.providers.mailgun import (
    FRESH_FOR,
    find_signed_token,
    read_mailgun,
)
from newsletter.inbound.providers.postmark import has_password, read_postmark
from newsletter.inbound.providers.sendgrid import is_signed, read_sendgrid
from newsletter.model.returned import Reading
from newsletter.tokens import Keyring, Purpose, verify
from newsletter.workflow.amazon import AmazonHook, Fetch, fetch_by_https
from newsletter.workflow.hard_returns import weigh_at_once
from newsletter.workflow.private_files import read_private
from newsletter.workflow.project import Project
from newsletter.workflow.returned_mail import Handled, after_weighing, handle_mail

#: Shorter, and somebody could guess it.
_SHORTEST_SECRET = 16


@dataclass(frozen=True, slots=True)
class Call:
    """What somebody posted."""

    body: bytes = field(repr=False)
    #: By their names in lower case.
    headers: Mapping[str, str] = field(repr=False)
    #: Aware.
    now: datetime


class Hook(Protocol):
    """Where one provider reports; asked from several threads at once."""

    def read(self, call: Call) -> tuple[Reading, ...] | None:
        """Return the bounces and complaints of a call; None: it is not theirs.

        Raises:
            OperationError: Nobody can tell just now.
        """


def open_hooks(
    project: Project,
    environment: Mapping[str, str],
    *,
    fetch: Fetch = fetch_by_https,
) -> Mapping[str, Hook]:
    """Return where the providers in the settings report, by the end of the path.

    Args:
        project: The project.
        environment: Where secrets may be.
        fetch: Gets what Amazon keeps for us.

    Raises:
        OperationError: A secret cannot be had, or a key is none.
    """
    given = project.settings.hooks
    found: dict[str, Hook] = {}
    if given.ses_topic:
        found["ses"] = _Ses(AmazonHook(given.ses_topic, fetch))
    if given.mailgun_key:
        secret = _read_secret(project, "mailgun", given.mailgun_key, environment)
        found["mailgun"] = _Mailgun(secret.encode())
    if given.postmark_password:
        secret = _read_secret(project, "postmark", given.postmark_password, environment)
        found["postmark"] = _Postmark(secret)
    if given.sendgrid_key:
        found["sendgrid"] = _Sendgrid(_load_key(given.sendgrid_key))
    return found


def read_call(hook: Hook, keyring: Keyring, call: Call) -> tuple[Reading, ...] | None:
    """Return what a call says of mails of ours; None: it is not well signed.

    Raises:
        OperationError: Nobody can tell just now.
    """
    readings = hook.read(call)
    if readings is None:
        return None
    return tuple(reading for reading in readings if _is_ours(keyring, reading))


def take_readings(
    connection: Connection,
    keyring: Keyring,
    readings: Sequence[Reading],
    *,
    provider: str,
    now: datetime,
) -> list[Handled]:
    """Do what events are for, each once.

    Args:
        connection: A writing one; the caller's transaction.
        keyring: Verifies the tokens.
        readings: About mails of ours.
        provider: The end of its path.
        now: Aware.
    """
    handled = [
        handle_mail(
            connection, keyring, reading, source=provider, name=provider, now=now
        )
        for reading in readings
    ]
    weighed = weigh_at_once(connection, now=now)
    return [after_weighing(one, weighed) for one in handled]


def _is_ours(keyring: Keyring, reading: Reading) -> bool:
    """Tell whether a token says that an event is about a mail of a dispatch of ours."""
    return any(
        verify(keyring, Purpose.MESSAGE, token) is not None
        for token in reading.message_tokens
    )


# --- providers ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Ses:
    amazon: AmazonHook

    def read(self, call: Call) -> tuple[Reading, ...] | None:
        return self.amazon.read(call.body, call.now)


@dataclass(slots=True)
class _Mailgun:
    """A signature is of a word alone: whoever sees one could put it on another event.

    So a word is good for one body, and for as long as it is fresh.
    """

    key: bytes
    #: Word -> hash of its body, and when it came; the oldest first.
    _seen: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, call: Call) -> tuple[Reading, ...] | None:
        body = parse_json(call.body)
        token = find_signed_token(body, self.key, call.now)
        if token is None or not self._is_first(token, call):
            return None
        return read_mailgun(body)

    def _is_first(self, token: str, call: Call) -> bool:
        """Tell whether nobody else came with it; the same one may try again."""
        digest = hashlib.sha256(call.body).digest()
        # A timestamp may lie before us, and after.
        since = call.now - 2 * FRESH_FOR
        with self._lock:
            while self._seen and next(iter(self._seen.values()))[1] < since:
                del self._seen[next(iter(self._seen))]
            return self._seen.setdefault(token, (digest, call.now))[0] == digest


@dataclass(frozen=True, slots=True)
class _Postmark:
    password: str

    def read(self, call: Call) -> tuple[Reading, ...] | None:
        if not has_password(call.headers.get("authorization", ""), self.password):
            return None
        return read_postmark(call.body)


@dataclass(frozen=True, slots=True)
class _Sendgrid:
    key: EllipticCurvePublicKey

    def read(self, call: Call) -> tuple[Reading, ...] | None:
        if not is_signed(call.headers, call.body, self.key):
            return None
        return read_sendgrid(call.body)


# --- secrets --------------------------------------------------------------------------


def _load_key(key: str) -> EllipticCurvePublicKey:
    try:
        loaded = load_der_public_key(b64decode(key))
    except ValueError:
        loaded = None
    if not isinstance(loaded, EllipticCurvePublicKey):
        raise OperationError(
            "the key of [hooks.sendgrid] is none.",
            'Copy what SendGrid shows as "Verification Key" once more.',
        )
    return loaded


def _read_secret(
    project: Project, provider: str, source: str, environment: Mapping[str, str]
) -> str:
    kind, _, name = source.partition(":")
    what = f"the secret of [hooks.{provider}]"
    if kind == "env":
        secret = environment.get(name, "")
        advice = f"Set it in the environment: export {name}=…"
    else:
        advice = f"Put the secret alone into the file {name}."
        data = read_private(project.root / name, what=what, advice=advice)
        secret = data.decode("utf-8", "replace").strip()
    if len(secret) < _SHORTEST_SECRET:
        state = "is too short" if secret else "is not set"
        raise OperationError(f"{what} {state}.", advice)
    return secret
