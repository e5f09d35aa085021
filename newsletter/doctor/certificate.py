"""A server's certificate: for which names it is, and until when. Pure.

In: its DER bytes, also of one that is not to be trusted. Out: what to say of it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

#: Most are renewed by themselves when a third of their time is left; so late it failed.
_LATE = timedelta(days=7)
_LATE_SHARE = 4


@dataclass(frozen=True, slots=True)
class Certificate:
    """What concerns us of a certificate."""

    #: Names of hosts and addresses it is for, as written: "*.example.org".
    names: tuple[str, ...]
    #: Aware, UTC.
    begins_at: datetime
    ends_at: datetime


def read_certificate(der: bytes) -> Certificate | None:
    """Return what a certificate says, or None when it cannot be read."""
    try:
        found = x509.load_der_x509_certificate(der)
        names = _names(found)
    except ValueError:
        return None
    return Certificate(names, found.not_valid_before_utc, found.not_valid_after_utc)


def fits_name(certificate: Certificate, host: str) -> bool:
    """Tell whether it is for *host* (RFC 9525, section 6.3)."""
    wanted = host.lower().rstrip(".")
    parent = wanted.partition(".")[2]
    return any(
        name.lower() == wanted or (name.startswith("*.") and name[2:].lower() == parent)
        for name in certificate.names
    )


def ends_soon(certificate: Certificate, now: datetime) -> bool:
    """Tell whether nobody seems to renew it."""
    left = certificate.ends_at - now
    whole = certificate.ends_at - certificate.begins_at
    return left < min(_LATE, whole / _LATE_SHARE)


def certificate_fault(
    certificate: Certificate, host: str, now: datetime
) -> tuple[str, str]:
    """Return what is wrong with it and what to do, or twice nothing.

    Whether its issuer is trusted is no matter of what it says itself.
    """
    names = ", ".join(certificate.names[:3]) or "nobody"
    if certificate.ends_at <= now:
        return (
            f"its certificate ended on {shown_day(certificate.ends_at)}.",
            f'Ask whoever runs {host}: "Please renew the certificate."',
        )
    if certificate.begins_at > now:
        return (
            f"its certificate begins only on {shown_day(certificate.begins_at)}.",
            "Is the clock of this computer right?",
        )
    if not fits_name(certificate, host):
        return (
            f"its certificate is for {names}, not for {host}.",
            f"Use the name that is in the certificate, or ask whoever runs {host} for "
            "one with this name.",
        )
    return "", ""


def shown_day(at: datetime) -> str:
    """Return a day as people write it: 3 March 2027."""
    return f"{at.day} {at:%B} {at.year}"


def _names(found: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = found.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
    except x509.ExtensionNotFound:
        return ()
    hosts = extension.value.get_values_for_type(x509.DNSName)
    addresses = extension.value.get_values_for_type(x509.IPAddress)
    return (*hosts, *map(str, addresses))
