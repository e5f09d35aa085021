from datetime import UTC, datetime, timedelta

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from newsletter.doctor.certificate import (
    Certificate,
    certificate_fault,
    ends_soon,
    fits_name,
    read_certificate,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DAY = timedelta(days=1)


def certificate(
    *names: str, begins: timedelta = -30 * DAY, ends: timedelta = 60 * DAY
) -> Certificate:
    return Certificate(names or ("mail.bond.test",), NOW + begins, NOW + ends)


def test_names_and_times_are_read() -> None:
    made = trustme.CA().issue_cert(
        "mail.bond.test", "192.0.2.1", not_after=datetime(2030, 1, 2, tzinfo=UTC)
    )
    pem = made.cert_chain_pems[0].bytes()
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    found = read_certificate(der)
    assert found is not None
    assert found.names == ("mail.bond.test", "192.0.2.1")
    assert found.ends_at == datetime(2030, 1, 2, tzinfo=UTC)


def test_what_is_no_certificate_is_none() -> None:
    assert read_certificate(b"nonsense") is None


@pytest.mark.parametrize(
    ("name", "host", "fits"),
    [
        ("mail.bond.test", "Mail.Bond.test", True),
        ("*.bond.test", "mail.bond.test", True),
        ("*.bond.test", "a.mail.bond.test", False),
        ("*.bond.test", "bond.test", False),
        ("bond.test", "mail.bond.test", False),
    ],
)
def test_name_fits_as_a_client_compares_it(name: str, host: str, fits: bool) -> None:
    assert fits_name(certificate(name), host) is fits


@pytest.mark.parametrize(
    ("life", "left", "is_soon"),
    [(90, 30, False), (90, 8, False), (90, 6, True), (6, 3, False), (6, 1, True)],
)
def test_end_is_near_when_nobody_renews(life: int, left: int, is_soon: bool) -> None:
    found = certificate(begins=(left - life) * DAY, ends=left * DAY)
    assert ends_soon(found, NOW) is is_soon


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (certificate(), ""),
        (certificate(ends=-DAY), "its certificate ended on 21 November 2026."),
        (certificate(begins=DAY), "its certificate begins only on 23 November 2026."),
        (
            certificate("www.host.test", "host.test"),
            "its certificate is for www.host.test, host.test, not for mail.bond.test.",
        ),
    ],
)
def test_fault_is_told_in_words(found: Certificate, fault: str) -> None:
    message, advice = certificate_fault(found, "mail.bond.test", NOW)
    assert message == fault
    assert bool(advice) is bool(fault)
