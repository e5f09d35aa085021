"""The public pages as a reader's mail program meets them -> diagnoses. Pure."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from newsletter.addresses import is_loopback
from newsletter.doctor.certificate import (
    Certificate,
    certificate_fault,
    ends_soon,
    shown_day,
)
from newsletter.model.diagnosis import Diagnosis, Health, Subject

_diagnosis = partial(Diagnosis, Subject.PAGES)


@dataclass(frozen=True, slots=True)
class PageVisit:
    """What was seen at the public address."""

    base_url: str
    #: Of a GET of a leaving link; 0: no answer.
    status: int = 0
    #: Its Date header, aware; None when there was none.
    date: datetime | None = None
    #: When that answer was there; aware.
    seen_at: datetime | None = None
    certificate: Certificate | None = None
    #: Whether the GET already counted as leaving.
    is_changed_by_get: bool = False
    #: Why a one-click leaving did not arrive, and what to do; twice nothing if it did.
    fault: str = ""
    advice: str = ""


def judge_pages(visit: PageVisit, *, now: datetime) -> list[Diagnosis]:
    """Return what is to be said of a visit to the public pages."""
    found = [*_clear_text(visit), *_certificate(visit, now)]
    if visit.fault:
        fault, advice = visit.fault, visit.advice
        if visit.certificate is not None:
            host = urlsplit(visit.base_url).hostname or ""
            wrong, remedy = certificate_fault(visit.certificate, host, now)
            if wrong:
                fault, advice = f"{visit.base_url} cannot be trusted: {wrong}", remedy
        return [*found, _diagnosis(Health.ERROR, fault, advice)]
    if visit.is_changed_by_get:
        found.append(
            _diagnosis(
                Health.ERROR,
                f"at {visit.base_url} looking at a leaving link already counts as "
                "leaving; programs that look into mails would unsubscribe readers.",
                "Something between turns a GET into a POST: look at the proxy.",
            )
        )
    fine = f"a one-click leaving at {visit.base_url} arrives in this database"
    if visit.status == 200 and not visit.is_changed_by_get:
        fine += "; looking at it changes nothing"
    return [_diagnosis(Health.OK, f"{fine}."), *found]


def judge_without_pages(mailbox: str) -> list[Diagnosis]:
    """Return what leaving means where there are no pages; *mailbox* gets the mails."""
    return [
        _diagnosis(
            Health.INFO,
            f"there is no base_url, so readers leave by a mail to {mailbox}.",
            "Read that mailbox at least every other day, and take whoever asks off the "
            "list: newsletter subscribers unsubscribe ADDRESS",
        )
    ]


def not_tried(base_url: str) -> Diagnosis:
    """Return what to say where no token can be made to try the pages with."""
    return _diagnosis(
        Health.INFO,
        f"{base_url} was not tried: that takes a database and keys in order.",
        "Run newsletter doctor again when there are subscribers.",
    )


def _clear_text(visit: PageVisit) -> list[Diagnosis]:
    parts = urlsplit(visit.base_url)
    if parts.scheme == "https" or is_loopback(parts.hostname or ""):
        return []
    return [
        _diagnosis(
            Health.ERROR,
            f"{visit.base_url} is not encrypted; mail programs show their button for "
            "leaving only with https (RFC 8058).",
            "Give the proxy a certificate, and set in newsletter.toml:\n"
            f'    base_url = "https://{parts.netloc}{parts.path}"',
        )
    ]


def _certificate(visit: PageVisit, now: datetime) -> list[Diagnosis]:
    if visit.certificate is None or visit.fault:
        return []
    day = shown_day(visit.certificate.ends_at)
    if not ends_soon(visit.certificate, now):
        return [_diagnosis(Health.OK, f"the certificate is good until {day}.")]
    return [
        _diagnosis(
            Health.WARNING,
            f"the certificate of {visit.base_url} ends on {day}, and was not renewed "
            "yet.",
            f'Ask whoever runs the proxy: "Please renew the certificate before {day}."',
        )
    ]
