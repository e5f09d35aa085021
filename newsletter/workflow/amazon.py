"""Amazon's notification service (SNS): its certificates, and saying yes to a topic.

Law: we go to the one host of the topic's region, by HTTPS, and follow no redirect;
whoever posts nonsense to us cannot make us go there often.
"""

import http.client
import logging
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.x509 import Certificate, load_pem_x509_certificate

from newsletter.errors import OperationError
from newsletter.inbound.providers.ses import (
    CONFIRMATION,
    NOTIFICATION,
    Envelope,
    amazon_host,
    confirmation_path,
    is_signed,
    read_envelope,
    read_ses,
)
from newsletter.model.returned import Reading

#: Host, path -> what is there. Raises OperationError.
Fetch = Callable[[str, str], bytes]

_TIMEOUT_SECONDS = 10
_MOST_BYTES = 64_000
#: A topic needs one certificate a year; more is somebody's play.
_MOST_FETCHES = 10
_FETCH_TIME = timedelta(hours=1)

_log = logging.getLogger("newsletter")


def fetch_by_https(host: str, path: str) -> bytes:
    """Return what *host* answers.

    Raises:
        OperationError: No answer, or not the one that was asked for.
    """
    context = ssl.create_default_context()
    connection = http.client.HTTPSConnection(
        host, timeout=_TIMEOUT_SECONDS, context=context
    )
    try:
        connection.request("GET", path)
        with connection.getresponse() as answer:
            data = answer.read(_MOST_BYTES)
            status = answer.status
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise OperationError(f"{host} does not answer: {reason}.") from error
    finally:
        connection.close()
    if status != http.client.OK:
        raise OperationError(f"{host} answers {status}.")
    return data


@dataclass(slots=True)
class AmazonHook:
    """Reads what one topic posts."""

    topic: str
    fetch: Fetch
    #: Path -> certificate.
    _certificates: dict[str, Certificate] = field(default_factory=dict)
    _fetched_at: list[datetime] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, body: bytes, now: datetime) -> tuple[Reading, ...] | None:
        """Return what a notification says; None: it is not from the topic.

        Raises:
            OperationError: Amazon does not answer, so nobody can tell.
        """
        envelope = read_envelope(body, self.topic)
        if envelope is None:
            return None
        certificate = self._certificate(envelope.certificate_path, now)
        if certificate is None or not is_signed(envelope, certificate, now):
            return None
        if envelope.type == CONFIRMATION:
            self._confirm(envelope, now)
        return read_ses(envelope) if envelope.type == NOTIFICATION else ()

    def _confirm(self, envelope: Envelope, now: datetime) -> None:
        self._fetch(confirmation_path(envelope), now)
        _log.warning("%s: its notifications come to us now.", self.topic)

    def _certificate(self, path: str, now: datetime) -> Certificate | None:
        if path not in self._certificates:
            data = self._fetch(path, now)
            try:
                self._certificates[path] = load_pem_x509_certificate(data)
            except ValueError:
                return None
        return self._certificates[path]

    def _fetch(self, path: str, now: datetime) -> bytes:
        # Whoever comes meanwhile is asked to come again: no thread waits for Amazon.
        if not self._lock.acquire(blocking=False):
            raise OperationError("Amazon is being asked already.")
        try:
            since = now - _FETCH_TIME
            self._fetched_at = [at for at in self._fetched_at if at > since]
            if len(self._fetched_at) >= _MOST_FETCHES:
                raise OperationError("Amazon was asked too often in this hour.")
            self._fetched_at.append(now)
            return self.fetch(amazon_host(self.topic), path)
        finally:
            self._lock.release()
