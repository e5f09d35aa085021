"""Private key in PEM form -> signer, and the record that the DNS must have for it.

Law: no message, error or representation here holds anything of a private key.
"""

import hashlib
from base64 import b64encode
from collections.abc import Callable

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from newsletter.messages.dkim import DkimSigner
from newsletter.model.settings import DkimAlgorithm

PrivateKey = RSAPrivateKey | Ed25519PrivateKey

#: RFC 8301, section 3.2: a shorter key must not be used.
MIN_RSA_BITS = 1024


def read_signer(
    pem: bytes, *, domain: str, selector: str, algorithm: DkimAlgorithm
) -> DkimSigner:
    """Return the signer with the private key in *pem*.

    Raises:
        ValueError: It holds no such key; a sentence that says what it is instead, and
            never anything of the key.
    """
    key = read_private_key(pem)
    if algorithm == "rsa" and isinstance(key, RSAPrivateKey):
        if key.key_size < MIN_RSA_BITS:
            raise ValueError(
                f"it holds a key of {key.key_size} bits; nobody accepts fewer than "
                f"{MIN_RSA_BITS}."
            )
        return DkimSigner(domain, selector, algorithm, _rsa(key))
    if algorithm == "ed25519" and isinstance(key, Ed25519PrivateKey):
        return DkimSigner(domain, selector, algorithm, _ed25519(key))
    kind = "an RSA" if isinstance(key, RSAPrivateKey) else "an Ed25519"
    raise ValueError(f'it holds {kind} key, but algorithm = "{algorithm}".')


def read_private_key(pem: bytes) -> RSAPrivateKey | Ed25519PrivateKey:
    """Return the key in *pem*.

    Raises:
        ValueError: It is none that can sign mail; never says anything of the key.
    """
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError:
        raise ValueError("it is protected by a passphrase.") from None
    except (ValueError, UnsupportedAlgorithm):
        if b"PUBLIC KEY" in pem:
            raise ValueError("it holds the public key, not the private one.") from None
        raise ValueError("it holds no private key in PEM form.") from None
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise ValueError("it holds a key that is neither RSA nor Ed25519.")
    return key


def dns_name(domain: str, selector: str) -> str:
    """Return where the record of a key is looked up (RFC 6376, section 3.6.2.1)."""
    return f"{selector}._domainkey.{domain}"


def dns_value(key: PrivateKey) -> str:
    """Return the text of the DNS record for *key* (RFC 6376, 3.6.1; RFC 8463, 4.2)."""
    public = key.public_key()
    if isinstance(key, RSAPrivateKey):
        kind = "rsa"
        data = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        kind = "ed25519"
        data = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return f"v=DKIM1; k={kind}; p={b64encode(data).decode('ascii')}"


def _rsa(key: RSAPrivateKey) -> Callable[[bytes], bytes]:
    padding, algorithm = PKCS1v15(), SHA256()
    return lambda signed: key.sign(signed, padding, algorithm)


def _ed25519(key: Ed25519PrivateKey) -> Callable[[bytes], bytes]:
    # RFC 8463, section 3: what is signed is the hash.
    return lambda signed: key.sign(hashlib.sha256(signed).digest())
