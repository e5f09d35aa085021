"""One personal mail of 40 KB, tokens included: `python tests/benchmarks/message.py`.

The peer is what Python programs usually do: an `EmailMessage` with the same headers and
parts, built and flattened for each recipient. It signs no tokens and has no slots.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from itertools import cycle

from rounds import arguments, faster, measure, report, row
from sample_issue import ROOT, SETTINGS, assemble_text, write_issue

from newsletter.assembly.loaders import Templates
from newsletter.messages.compile import compile_message
from newsletter.messages.identity import derive_identity
from newsletter.messages.personalise import personalise
from newsletter.model.assembled import PERSONAL_URLS, Assembled
from newsletter.model.message import CompiledMessage
from newsletter.tokens import Keyring, Purpose, sign

_WANTED_BYTES = 40_000
_KEYRING = Keyring({1: bytes(range(32))}, 1)
#: As they come in a list: most are ASCII, some are missing.
_NAMES = ("Anna", "Björn", "Chantal", "Dirk-Jan", "Eva", "O'Brien", "مريم", "")
#: One in so many has a name that nobody else has.
_UNIQUE = 3


def main() -> None:
    """Measure and report."""
    chosen = arguments("One personal mail of 40 KB, tokens included.").parse_args()
    assembled, compiled = compile_40_kb()
    ours, peer = _personaliser(compiled), _email_message_builder(assembled)
    taken = measure(
        {"ours": ours, "tokens": _signer(), "peer": peer}, rounds=chosen.rounds
    )
    work = f"one mail of {len(ours()) / 1000:.0f} KB, {len(compiled.order)} slots"
    name = f"EmailMessage ({len(peer()) / 1000:.0f} KB)"
    wanted = "at least 150 times, aim 300"
    rows = [
        faster(work, taken["ours"], name, taken["peer"], wanted),
        row("  of which signing three tokens", taken["tokens"]),
        row("EmailMessage", taken["peer"]),
    ]
    report(rows, chosen.json)


def compile_40_kb() -> tuple[Assembled, CompiledMessage]:
    """Return an issue that makes a mail of 40 KB."""
    templates, items = Templates.of_project(ROOT), 1
    while True:
        assembled = assemble_text(write_issue(items), templates)
        identity = derive_identity(assembled.issue, SETTINGS)
        compiled = compile_message(assembled, identity)
        if sum(map(len, compiled.pieces)) >= _WANTED_BYTES:
            return assembled, compiled
        items += 1


def _fields(name: str, subscriber: int) -> dict[str, str]:
    own = "" if subscriber % _UNIQUE else f" {subscriber}"
    return {"first_name": f"{name}{own}"}


def _personaliser(compiled: CompiledMessage) -> Callable[[], bytes]:
    """Return a function that makes the mail of one recipient after the other."""
    names, ids = cycle(_NAMES), iter(range(100_000, 2**40))

    def make() -> bytes:
        name, subscriber = next(names), next(ids)
        message = personalise(
            compiled,
            email=f"reader{subscriber}@example.org",
            fields=_fields(name, subscriber),
            unsubscribe_token=sign(_KEYRING, Purpose.UNSUBSCRIBE, subscriber, 1),
            message_token=sign(_KEYRING, Purpose.MESSAGE, 12, subscriber),
            preferences_token=sign(_KEYRING, Purpose.PREFERENCES, subscriber),
            sent_at=datetime.now(UTC),
        )
        return message.data

    return make


def _signer() -> Callable[[], object]:
    ids = iter(range(100_000, 2**40))

    def make() -> object:
        subscriber = next(ids)
        return (
            sign(_KEYRING, Purpose.UNSUBSCRIBE, subscriber, 1),
            sign(_KEYRING, Purpose.MESSAGE, 12, subscriber),
            sign(_KEYRING, Purpose.PREFERENCES, subscriber),
        )

    return make


def _email_message_builder(assembled: Assembled) -> Callable[[], bytes]:
    names, ids = cycle(_NAMES), iter(range(100_000, 2**40))

    def fill(text: str, fields: dict[str, str], url: str) -> str:
        name = fields["first_name"]
        for slot in assembled.slots:
            is_url = slot.name in PERSONAL_URLS
            text = text.replace(slot.marker, url if is_url else name or slot.fallback)
        return text

    def make() -> bytes:
        subscriber = next(ids)
        fields = _fields(next(names), subscriber)
        url = f"https://news.example.org/u/{subscriber}"
        message = EmailMessage(policy=SMTP)
        message["From"] = "Steunpunt <post@example.org>"
        message["To"] = f"reader{subscriber}@example.org"
        message["Reply-To"] = "redactie@example.org"
        message["Subject"] = fill(assembled.subject, fields, url)
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = f"<{subscriber}@example.org>"
        message["List-Id"] = "Nieuwsbrief <main.example.org>"
        message["List-Unsubscribe"] = f"<{url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message["List-Help"] = "<mailto:redactie@example.org?subject=help>"
        message["Precedence"] = "bulk"
        message["Feedback-ID"] = "issue:main:exampleorg"
        message["Content-Language"] = "nl"
        message.set_content(fill(assembled.text, fields, url), cte="quoted-printable")
        message.add_alternative(
            fill(assembled.html, fields, url), subtype="html", cte="quoted-printable"
        )
        return message.as_bytes()

    return make


if __name__ == "__main__":
    main()
