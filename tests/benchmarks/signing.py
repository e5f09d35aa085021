"""DKIM of a personal mail of 40 KB: `python tests/benchmarks/signing.py`.

Beside it dkimpy with the same keys and headers, and, for threads, what the processors
can do at all: `openssl speed -multi 3 rsa2048`, in turn, since their pace changes.
"""

import re
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from time import perf_counter

import dkim
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from message import compile_40_kb
from rounds import Row, arguments, faster, longer, measure, report, row

from newsletter.messages.dkim import DkimSigner, sign_message
from newsletter.messages.dkim_keys import read_signer
from newsletter.messages.personalise import personalise
from newsletter.model.message import Message

_NOW = datetime(2026, 3, 2, tzinfo=UTC)
_THREADS = (1, 2, 4)
#: Mails of one round of threads.
_MAILS = 800
_OPENSSL = ["openssl", "speed", "-seconds", "1", "-multi", "3", "rsa2048"]
_HEADERS = (
    b"from subject date message-id to reply-to mime-version content-type list-id "
    b"list-unsubscribe list-unsubscribe-post feedback-id"
).split()


def main() -> None:
    """Measure and report."""
    chosen = arguments("DKIM signatures of a mail of 40 KB.").parse_args()
    message = _message()
    rsa, ed25519 = _signers()
    rows = _rows_of_one(message, rsa, ed25519, chosen.rounds)
    rows += _rows_of_threads(message, rsa[0], max(1, chosen.rounds // 3))
    report(rows, chosen.json)


def _message() -> Message:
    return personalise(
        compile_40_kb()[1],
        email="reader@example.org",
        fields={"first_name": "Anna"},
        unsubscribe_token="11gc35g1leave",
        message_token="11gcg186a0message",
        preferences_token="11gcg186a0mine",
        sent_at=_NOW,
    )


def _signers() -> tuple[tuple[DkimSigner, bytes], tuple[DkimSigner, bytes]]:
    """Return signer and PEM of an RSA and of an Ed25519 key."""
    rsa, ed25519 = _pem(generate_private_key(65537, 2048)), Ed25519PrivateKey.generate()
    raw = _pem(ed25519)
    domain, selector = "example.org", "s"
    return (
        (read_signer(rsa, domain=domain, selector=selector, algorithm="rsa"), rsa),
        (read_signer(raw, domain=domain, selector=selector, algorithm="ed25519"), raw),
    )


def _pem(key: RSAPrivateKey | Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _rows_of_one(
    message: Message,
    rsa: tuple[DkimSigner, bytes],
    ed25519: tuple[DkimSigner, bytes],
    rounds: int,
) -> list[Row]:
    both = [rsa[0], ed25519[0]]
    taken = measure(
        {
            "rsa": lambda: sign_message(message, both[:1], _NOW),
            "ed25519": lambda: sign_message(message, both[1:], _NOW),
            "both": lambda: sign_message(message, both, _NOW),
            "rsa of dkimpy": _dkimpy(message, rsa[1], b"rsa-sha256"),
            "ed25519 of dkimpy": _dkimpy(message, ed25519[1], b"ed25519-sha256"),
        },
        rounds=rounds,
    )
    size = f"{len(message.data) / 1000:.0f} KB"
    peers = taken["rsa of dkimpy"], taken["ed25519 of dkimpy"]
    return [
        faster(f"RSA-2048, {size}", taken["rsa"], "dkimpy", peers[0], ""),
        faster(f"Ed25519, {size}", taken["ed25519"], "dkimpy", peers[1], ""),
        row("both", taken["both"]),
    ]


def _dkimpy(message: Message, pem: bytes, algorithm: bytes) -> Callable[[], object]:
    # dkimpy takes the bare seed of an Ed25519 key in base64: the end of its PKCS8 form.
    if algorithm == b"ed25519-sha256":
        lines = pem.split(b"\n")[1:-2]
        pem = b64encode(b64decode(b"".join(lines))[-32:])

    def sign() -> object:
        return dkim.sign(
            message.data,
            b"s",
            b"example.org",
            pem,
            canonicalize=(b"relaxed", b"relaxed"),
            signature_algorithm=algorithm,
            include_headers=_HEADERS,
        )

    return sign


def _rows_of_threads(message: Message, signer: DkimSigner, rounds: int) -> list[Row]:
    ours: dict[int, list[float]] = {count: [] for count in _THREADS}
    openssl: list[float] = []
    for _ in range(rounds):
        openssl.append(_openssl())
        for count in _THREADS:
            ours[count].append(_in_threads(message, [signer], count))
    return [
        longer(
            f"RSA-2048 in {count} threads, each mail",
            ours[count],
            "openssl speed -multi 3",
            openssl,
            "4 threads: at most twice, aim 1.25",
        )
        for count in _THREADS
    ]


def _in_threads(message: Message, signers: Sequence[DkimSigner], count: int) -> float:
    """Return milliseconds for a mail when *count* threads sign."""

    def sign_some(_: int) -> None:
        for _ in range(_MAILS // count):
            sign_message(message, signers, _NOW)

    with ThreadPoolExecutor(count) as threads:
        start = perf_counter()
        list(threads.map(sign_some, range(count)))
        return (perf_counter() - start) * 1000 / (_MAILS // count * count)


def _openssl() -> float:
    """Return milliseconds for a signature when three processes sign."""
    done = subprocess.run(_OPENSSL, capture_output=True, text=True, check=True)
    found = re.search(r"^rsa 2048 bits +\S+ +\S+ +([0-9.]+)", done.stdout, re.MULTILINE)
    if found is None:
        raise SystemExit("openssl speed did not say how many it signed.")
    return 1000 / float(found[1])


if __name__ == "__main__":
    main()
