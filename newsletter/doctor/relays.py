"""Mail servers of providers that send with the envelope sender they are given. Pure.

Their own address is not the one they send from, so that only the name published for
SPF tells whether a domain lets them. Providers that put an envelope sender of their
own (most of the services for bulk mail) have no place here: for them another domain
counts. As the providers' help pages had it in 2026.
"""

#: End of the server's name -> what a domain includes in its SPF record.
_INCLUDES = (
    ("smtp.gmail.com", "_spf.google.com"),
    ("smtp-relay.gmail.com", "_spf.google.com"),
    ("smtp.office365.com", "spf.protection.outlook.com"),
    (".mail.protection.outlook.com", "spf.protection.outlook.com"),
    ("smtp.fastmail.com", "spf.messagingengine.com"),
    ("smtp.protonmail.ch", "_spf.protonmail.ch"),
    ("smtp.transip.email", "_spf.transip.email"),
    ("mail.infomaniak.com", "spf.infomaniak.ch"),
)


def include_of_relay(host: str) -> str:
    """Return what SPF has to include for *host*, or nothing when that is not known."""
    name = host.lower().rstrip(".")
    return next((domain for end, domain in _INCLUDES if name.endswith(end)), "")
