"""The keys that sign: read for a dispatch, made for an editor, shown to the doctor.

Law: a key file is private, and one that is there is never written to.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.addresses import domain_of, parse_mailbox
from newsletter.errors import OperationError, UsageError
from newsletter.messages.dkim import DkimSigner
from newsletter.model.settings import DkimAlgorithm, DkimSettings
from newsletter.settings.values import is_selector
from newsletter.workflow.private_files import create_private, read_private
from newsletter.workflow.project import Project

if TYPE_CHECKING:
    from newsletter.messages.dkim_keys import PrivateKey

_WHAT = "the DKIM key"
#: Longer ones do not fit into the forms of some DNS providers, and sign far slower.
_RSA_BITS = 2048


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was made, and what is left to do with it."""

    path: Path
    #: "news._domainkey.example.org"
    dns_name: str
    #: The text of the TXT record there, whole.
    dns_value: str
    #: What to add to newsletter.toml; empty if it is there.
    settings_lines: str


def open_signers(project: Project) -> tuple[DkimSigner, ...]:
    """Return who signs the mails of *project*: one signer for each ``[dkim]``.

    Raises:
        OperationError: A key is missing, readable by others, or cannot be used.
    """
    return tuple(_open_signer(project, table) for table in project.settings.dkim)


def read_keys(project: Project) -> tuple[tuple[DkimSettings, bytes], ...]:
    """Return each ``[dkim]`` with its private key in PEM form, for `open_signers`.

    Raises:
        OperationError: A key is missing, or readable by others.
    """
    return tuple((table, _read(project, table)) for table in project.settings.dkim)


def read_record(project: Project, table: DkimSettings) -> tuple[str, str]:
    """Return name and text of the TXT record that belongs to a key of ours.

    Raises:
        OperationError: As `open_signers`.
    """
    from newsletter.messages.dkim_keys import dns_name, dns_value, read_private_key

    _open_signer(project, table)
    key = read_private_key(_read(project, table))
    return dns_name(table.domain, table.selector), dns_value(key)


def make_key(
    project: Project, selector: str, algorithm: DkimAlgorithm | None = None
) -> NewKey:
    """Make a private key, in the file that ``[dkim]`` names for it or will name.

    Args:
        project: The project.
        selector: Its name in the DNS: letters, digits and hyphens.
        algorithm: None: as the settings say of it, else RSA.

    Raises:
        UsageError: *selector* cannot be one.
        OperationError: The file is there, or cannot be written.
    """
    from newsletter.messages.dkim_keys import dns_name, dns_value

    table = _table_of(project, selector.lower(), algorithm)
    path = project.root / table.key
    key, pem = _generate(table.algorithm)
    try:
        create_private(path, pem, what=_WHAT)
    except FileExistsError as error:
        raise OperationError(
            f"{_WHAT} {path} is there already; it stays as it is.",
            "Take another name for a new key.",
        ) from error
    return NewKey(
        path=path,
        dns_name=dns_name(table.domain, table.selector),
        dns_value=dns_value(key),
        settings_lines=_settings_lines(project, table),
    )


def _table_of(
    project: Project, selector: str, algorithm: DkimAlgorithm | None
) -> DkimSettings:
    """Return what the settings say of a key, or would."""
    if not is_selector(selector):
        raise UsageError(
            f'"{selector}" cannot name a key: use letters, digits and hyphens.'
        )
    for table in project.settings.dkim:
        if table.selector == selector and algorithm in (None, table.algorithm):
            return table
    return DkimSettings(
        domain=domain_of(parse_mailbox(project.settings.newsletter.sender).address),
        selector=selector,
        key=f"subscribers/dkim-{re.sub('[^a-z0-9-]', '-', selector)}.key",
        algorithm=algorithm or "rsa",
    )


def _settings_lines(project: Project, table: DkimSettings) -> str:
    tables = project.settings.dkim
    if table in tables:
        return ""
    lines = [
        "[[dkim]]" if tables else "[dkim]",
        f'domain = "{table.domain}"',
        f'selector = "{table.selector}"',
        f'key = "{table.key}"',
    ]
    if table.algorithm != "rsa":
        lines.append(f'algorithm = "{table.algorithm}"')
    return "\n".join(lines)


def _open_signer(project: Project, table: DkimSettings) -> DkimSigner:
    from newsletter.messages.dkim_keys import read_signer

    pem = _read(project, table)
    try:
        return read_signer(
            pem,
            domain=table.domain,
            selector=table.selector,
            algorithm=table.algorithm,
        )
    except ValueError as error:
        raise OperationError(
            f"{_WHAT} {project.root / table.key} cannot be used: {error}",
            "Name the right file in [dkim], or make a new key under a new name: "
            "newsletter doctor --make-dkim-key NAME",
        ) from error


def _read(project: Project, table: DkimSettings) -> bytes:
    return read_private(
        project.root / table.key,
        what=_WHAT,
        advice=f"Make it with: newsletter doctor --make-dkim-key {table.selector}",
    )


def _generate(algorithm: DkimAlgorithm) -> tuple["PrivateKey", bytes]:
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key: PrivateKey
    if algorithm == "rsa":
        key = rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
    else:
        key = ed25519.Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key, pem
