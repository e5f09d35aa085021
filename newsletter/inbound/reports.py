"""Delivery reports (RFC 3464): which recipient, what happened, what their server said.

In: a mail. Out: `Failure`s, one a recipient, as they stand in a part of its own or,
with systems that lose their MIME headers, somewhere in the text. Pure.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from newsletter.inbound.mail import Mail
from newsletter.inbound.quoting import cut_returned

#: Actions that tell of no failure.
_GOOD = frozenset(("delivered", "deliverable", "relayed", "expanded"))
_FIELD = re.compile(
    r"^[> \t]{0,40}"
    r"(final-recipient|original-recipient|x-actual-recipient|action|status|"
    r"diagnostic-code|remote-mta|last-attempt-date|reporting-mta|arrival-date|"
    r"will-retry-until|original-envelope-id|received-from-mta|final-log-id|"
    r"dsn-gateway|x-[\w-]{1,60})[ \t]{0,40}:(.*)",
    re.I,
)
_GLOBAL = "message/global-delivery-status"
_ABOUT_RECIPIENT = ("final-recipient", "original-recipient", "action", "status")
ADDRESS = re.compile(
    r"(?<![^\s<>\"'(),;:@\[\]=*])[^\s<>\"'(),;:@\[\]=*]{1,128}"
    r"@[\w-][\w.-]{0,254}\w"
)
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
#: Code, and perhaps the enhanced one: ``550 5.1.1``, ``550-5.7.26``, ``(#5.1.1)``.
_REPLY = re.compile(
    r"(?<![\w.:/@[-])([45]\d\d)(?![\d.:/@])[ -]{0,9}(?::\s{0,9})?#?"
    r"([45]\.\d{1,3}\.\d{1,3})?"
)
_BARE_STATUS = re.compile(r"(?<![\d.])([45]\.\d{1,3}\.\d{1,3})(?![\d.])")

_REPLY_LINE = re.compile(r"(?<![\w.:/@[-])[45]\d\d[ :-]|#?\b[45]\.\d{1,3}\.\d{1,3}\b")
_REASON_LINE = re.compile(r"error_code|reason:|said:|because|error:", re.I)
_SUCCESS = re.compile(r"\s{0,20}(?:<<<\s{0,9})?2\d\d[ -]")
_MOST_LINES = 8
#: Of a field with its folded lines, so much.
_MOST_LETTERS = 4_000
#: A mail that speaks of more recipients is none of ours: we send to one at a time.
MAX_REPORTS = 50
#: A code or a word alone.
_LITTLE = 12


@dataclass(frozen=True, slots=True)
class Failure:
    """What a mail says of one recipient, not yet judged."""

    recipient: str
    #: In lower case, or empty.
    action: str
    #: Enhanced code, or empty.
    status: str
    #: Reply code, or 0.
    code: int
    #: What the server said.
    diagnostic: str
    #: What stands around it, for where the diagnostic says nothing.
    context: str = ""

    @property
    def is_good(self) -> bool:
        """Whether it tells that the mail arrived."""
        return self.action in _GOOD or (not self.action and self.status[:1] == "2")


def find_failures(mail: Mail) -> list[Failure]:
    """Return what the report says of recipients, at most `MAX_REPORTS`; empty: nothing.

    Those that tell of an arrival are left out where others do not.
    """
    parts = [
        part
        for part in mail.of_type("message/delivery-status", _GLOBAL)
        if not part.is_original
    ]
    texts = [part.text for part in parts] or [mail.text]
    groups = [group for text in texts for group in _read_groups(text)]
    failures = [_read_failure(group) for group in groups]
    bad = [failure for failure in failures if not failure.is_good]
    few = (bad or failures)[:MAX_REPORTS]
    return _with_contexts(few, _own_words(mail)) if few else []


def cut_by_recipient(text: str, recipients: list[str]) -> dict[str, str]:
    """Return for each recipient the lines behind their name, up to the next one's."""
    pieces: dict[str, list[str]] = {name: [] for name in recipients}
    names = {name.lower(): name for name in recipients}
    current = ""
    for line in text.splitlines():
        for address in ADDRESS.findall(line):
            current = names.get(address.lower(), current)
        if current:
            pieces[current].append(f"{line}\n")
    return {name: "".join(lines) for name, lines in pieces.items()}


def read_reply_codes(text: str) -> tuple[int, str]:
    """Return the first reply code and the first enhanced code in what a server said."""
    reply = _REPLY.search(text)
    status = reply[2] if reply and reply[2] else ""
    if not status:
        bare = _BARE_STATUS.search(text)
        status = bare[1] if bare else ""
    return (int(reply[1]) if reply else 0), status


def find_diagnostic(text: str) -> str:
    """Return what a server said: its first reply in *text*, or what follows "because".

    With the lines behind it, up to an empty one or a reply that is none of failure.
    """
    lines = text.splitlines()
    for pattern in (_REPLY_LINE, _REASON_LINE):
        for number, line in enumerate(lines):
            found = pattern.search(line)
            if found is not None:
                said = " ".join([line[found.start() :], *_lines_behind(lines, number)])
                if len(said) > _LITTLE:
                    return said.strip()
    return ""


def _lines_behind(lines: list[str], number: int) -> Iterator[str]:
    for line in lines[number + 1 : number + _MOST_LINES]:
        if not line.strip() or _SUCCESS.match(line):
            return
        yield line.strip()


def _read_groups(text: str) -> list[dict[str, str]]:
    """Return the fields of each recipient; a field that comes again begins the next."""
    groups: list[dict[str, str]] = [{}]
    last = ""
    for line in text.splitlines():
        found = _FIELD.match(line)
        if found:
            last = found[1].lower()
            if last in groups[-1] or (last == "reporting-mta" and groups[-1]):
                groups.append({})
            groups[-1][last] = found[2].strip()[:_MOST_LETTERS]
        elif not line.strip("> \t"):
            last = ""
            if groups[-1]:
                groups.append({})
        elif last and len(groups[-1][last]) < _MOST_LETTERS:
            groups[-1][last] += " " + line.strip("> \t")[:_MOST_LETTERS]
    return [group for group in groups if _is_of_recipient(group)]


def _is_of_recipient(group: dict[str, str]) -> bool:
    """Tell whether fields are of a report: "Status: open" stands in many a mail."""
    if sum(name in group for name in (*_ABOUT_RECIPIENT, "diagnostic-code")) < 2:
        return False
    return (
        "final-recipient" in group
        or "original-recipient" in group
        or _STATUS.search(group.get("status", "")) is not None
    )


def _read_failure(group: dict[str, str]) -> Failure:
    said = group.get("diagnostic-code", "")
    # "smtp; 550 …": the kind of the diagnostic is no word of it.
    kind, semicolon, rest = said.partition(";")
    diagnostic = rest.strip() if semicolon and " " not in kind.strip() else said
    code, status = read_reply_codes(diagnostic)
    written = group.get("status", "")
    if not status or _says_little(status):
        own = _STATUS.search(written)
        status = (
            own[1]
            if own and not _says_little(own[1])
            else status or (own[1] if own else "")
        )
    comment = written.partition("(")[2].rstrip(") ")
    return Failure(
        recipient=_find_recipient(group),
        action=group.get("action", "").split("(")[0].strip().lower(),
        status=status,
        code=code,
        diagnostic=diagnostic or comment,
        context=comment,
    )


def _says_little(status: str) -> bool:
    return status.endswith(".0.0")


def _find_recipient(group: dict[str, str]) -> str:
    for name in ("final-recipient", "original-recipient", "x-actual-recipient"):
        found = ADDRESS.search(group.get(name, ""))
        if found:
            return found[0]
    return ""


def _own_words(mail: Mail) -> str:
    """Return the text for people, without fields that may stand in it."""
    lines = cut_returned(mail.text).splitlines()
    return "\n".join(line for line in lines if not _FIELD.match(line))


def _with_contexts(failures: list[Failure], text: str) -> list[Failure]:
    """Return them with what the text says of each; of the only one, all of it."""
    contexts = {failures[0].recipient: text}
    if len(failures) > 1:
        contexts = cut_by_recipient(text, [one.recipient for one in failures])
    said = {name: find_diagnostic(context) for name, context in contexts.items()}
    return [
        _with_context(one, contexts[one.recipient], said[one.recipient])
        for one in failures
    ]


def _with_context(failure: Failure, text: str, said: str) -> Failure:
    """Return it with *text* around it, which speaks where no diagnostic does.

    Args:
        failure: As the report has it.
        text: What else the mail says of its recipient.
        said: What a server says in that text.
    """
    said = failure.diagnostic or said
    code = failure.code or read_reply_codes(said)[0]
    context = f"{failure.context}\n{text}"
    return replace(failure, diagnostic=said, code=code, context=context)
