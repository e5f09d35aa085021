"""Before a dispatch: does the public address really lead to this very database?

A leaving link that opens somebody else's page, or a page that writes to another
database, would take a reader's last way out. So we go by the front door ourselves, the
way a mail program does (RFC 8058), with a token that lets nobody leave.
"""

import secrets
import ssl
from http.client import HTTPException, HTTPMessage
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from newsletter.errors import OperationError
from newsletter.store.database import Database
from newsletter.store.probes import take_probe
from newsletter.tokens import Keyring, Purpose, sign
from newsletter.workflow.leaving import probe_name
from newsletter.workflow.project import Project

#: As long as an impatient mail program waits.
TIMEOUT_SECONDS = 15.0

_ONE_CLICK = b"List-Unsubscribe=One-Click"
#: Ends the advice of each failure: `send` alone can go on without.
SKIP = "To send without this proof: --skip-probe."


def probe_public_page(
    project: Project,
    database: Database,
    keyring: Keyring,
    *,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> None:
    """Return if a POST to the public address arrives in *database*.

    Args:
        project: Its ``base_url`` is tried; an operator set it, so any host will do.
        database: The database that the dispatch is made from.
        keyring: The keys that leaving links are signed with.
        timeout_seconds: How long to wait for the connection, and for the answer.

    Raises:
        OperationError: What was tried, what answered, what to do.
    """
    base_url = project.settings.newsletter.base_url
    nonce = secrets.randbits(62)
    _post(base_url, sign(keyring, Purpose.PROBE, nonce), timeout_seconds)
    with database.writing() as connection:
        has_arrived = take_probe(connection, probe_name((nonce,)))
    if not has_arrived:
        raise OperationError(
            f"the public pages at {base_url} answered, but this database got nothing: "
            "whoever leaves there would go on being mailed.",
            "Let `newsletter serve` and `newsletter send` use the same project and "
            f"database. {SKIP}",
        )


def _post(base_url: str, token: str, timeout_seconds: float) -> None:
    request = Request(f"{base_url}/u/{token}", data=_ONE_CLICK, method="POST")  # noqa: S310
    try:
        opener = build_opener(_StayHere)
        opener.open(request, timeout=timeout_seconds).close()
    except HTTPError as error:
        error.close()
        raise _answered(base_url, error, token) from None
    except (URLError, OSError, HTTPException) as error:
        raise _not_reached(base_url, error) from error


class _StayHere(HTTPRedirectHandler):
    """Follow no redirect: mail programs do not (RFC 8058, section 3.1)."""

    def redirect_request(
        self,
        req: Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        return None


def _not_reached(base_url: str, error: Exception) -> OperationError:
    advice = (
        "Start `newsletter serve` and the proxy before it, or correct base_url in "
        "newsletter.toml."
    )
    if isinstance(_reason(error), ssl.SSLCertVerificationError):
        # Who shows a certificate does run.
        advice = (
            "A web server answers there. Give it a certificate that mail programs "
            "trust, of Let's Encrypt for example: Caddy fetches one by itself, for "
            "nginx certbot does."
        )
    return OperationError(
        f"the public pages at {base_url} could not be reached: {_said(error)}.",
        f"{advice} {SKIP}",
    )


def _reason(error: Exception) -> object:
    """Return what a library hides in its own error."""
    return getattr(error, "reason", None) or error


def _said(error: Exception) -> str:
    """Return what went wrong, without the jargon of a library."""
    reason = _reason(error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"its certificate cannot be trusted ({reason.verify_message})"
    if isinstance(reason, ssl.SSLError):
        return "no secure connection can be made there"
    return getattr(reason, "strerror", None) or str(reason) or type(reason).__name__


def _answered(base_url: str, error: HTTPError, token: str) -> OperationError:
    """Explain an answer that is not the one of our own page."""
    what = f"the public pages at {base_url} answered a one-click leaving with"
    if 300 <= error.code < 400:
        target = (error.headers.get("Location") or "").replace(token, "…")
        return OperationError(
            f"{what} {error.code}, on to {target}: mail programs do not follow.",
            f"Set base_url in newsletter.toml to where it leads. {SKIP}",
        )
    if error.code == 404:
        return OperationError(
            f"{what} 404: the links of this project are unknown there.",
            "Let `newsletter serve` run there with this project's "
            f"subscribers/secret.key, and the proxy pass /u/ on to it. {SKIP}",
        )
    return OperationError(
        f"{what} {error.code} {error.reason}.",
        f"Look at the logs of the proxy and of `newsletter serve`. {SKIP}",
    )
