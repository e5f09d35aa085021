"""Visit the public pages: look at a leaving link, then leave by it, as nobody."""

import secrets
import ssl
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

from newsletter.doctor.certificate import Certificate, read_certificate
from newsletter.doctor.pages import PageVisit
from newsletter.errors import OperationError
from newsletter.store.probes import take_probe
from newsletter.tokens import Purpose, sign
from newsletter.workflow.desk import Desk, open_desk
from newsletter.workflow.leaving import probe_name
from newsletter.workflow.probe import SKIP, probe_public_page
from newsletter.workflow.project import Project


def visit_pages(project: Project, *, timeout_seconds: float) -> PageVisit:
    """Return what is seen at ``base_url``; blocks.

    Raises:
        OperationError: Database or keys cannot be used.
    """
    base_url = project.settings.newsletter.base_url
    with open_desk(project, writes=False) as desk:
        visit = _look(desk, base_url, timeout_seconds)
        try:
            probe_public_page(
                project, desk.database, desk.keyring, timeout_seconds=timeout_seconds
            )
        except OperationError as error:
            advice = error.advice.removesuffix(SKIP).rstrip()
            return replace(visit, fault=error.message, advice=advice)
        return visit


def _look(desk: Desk, base_url: str, timeout_seconds: float) -> PageVisit:
    """Open a leaving link as a program does that looks into mails."""
    parts = urlsplit(base_url)
    nonce = secrets.randbits(62)
    path = f"{parts.path}/u/{sign(desk.keyring, Purpose.PROBE, nonce)}"
    line = _connection(parts, ssl.create_default_context(), timeout_seconds)
    try:
        line.request("GET", path)
        certificate = _certificate(line)
        answer = line.getresponse()
        seen_at = datetime.now(UTC)
        answer.read()
    except ssl.SSLCertVerificationError:
        return PageVisit(base_url, certificate=_untrusted(parts, timeout_seconds))
    except (OSError, HTTPException):
        # What is wrong is told by the probe, which meets it as well.
        return PageVisit(base_url)
    finally:
        line.close()
    with desk.database.writing() as connection:
        is_changed = take_probe(connection, probe_name((nonce,)))
    return PageVisit(
        base_url,
        status=answer.status,
        date=_read_date(answer.getheader("Date", "")),
        seen_at=seen_at,
        certificate=certificate,
        is_changed_by_get=is_changed,
    )


def _connection(
    parts: SplitResult, context: ssl.SSLContext, timeout_seconds: float
) -> HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "https":
        return HTTPSConnection(
            host, parts.port, timeout=timeout_seconds, context=context
        )
    return HTTPConnection(host, parts.port, timeout=timeout_seconds)


def _certificate(line: HTTPConnection) -> Certificate | None:
    if not isinstance(line.sock, ssl.SSLSocket):
        return None
    data = line.sock.getpeercert(binary_form=True)
    return read_certificate(data) if data else None


def _untrusted(parts: SplitResult, timeout_seconds: float) -> Certificate | None:
    """Return the certificate of a server that we do not trust; nothing is asked."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    line = _connection(parts, context, timeout_seconds)
    try:
        line.connect()
        return _certificate(line)
    except (OSError, HTTPException):
        return None
    finally:
        line.close()


def _read_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
