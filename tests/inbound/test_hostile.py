"""Whatever a stranger sends: it is read, and in little time.

A pattern that is slow stops all of a process, its pages too, and the same mail comes
again after each restart. So it is measured by the processor's time of this thread, on a
machine that may be busy.
"""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from random import Random
from time import thread_time
from typing import Any

import pytest

import newsletter.inbound
from newsletter.inbound.notifications import read_event
from newsletter.inbound.providers.sendgrid import read_sendgrid
from newsletter.inbound.reading import read_mail
from newsletter.model.returned import MailKind

#: Those that look at what strangers write.
MODULES = (
    *(
        module.name
        for module in pkgutil.walk_packages(
            newsletter.inbound.__path__, f"{newsletter.inbound.__name__}."
        )
    ),
    "newsletter.bounces",
    "newsletter.bounce_words",
    "newsletter.replies",
)
_PARSER, _CODES = (
    importlib.import_module(f"re.{name}") for name in ("_parser", "_constants")
)
_REPEATS = (_CODES.MAX_REPEAT, _CODES.MIN_REPEAT, _CODES.POSSESSIVE_REPEAT)
_ONE_LETTER = (_CODES.IN, _CODES.ANY, _CODES.LITERAL, _CODES.NOT_LITERAL)

LETTERS = " \n\ta1-._@<>(;:=\"\\|*'[,#/éم不"
#: As much as any of these patterns is ever given of one text, or of one line.
LONG = 4_000


def patterns_in(value: Any, depth: int = 4) -> Iterator[re.Pattern[Any]]:
    """Yield the patterns in a value: it, its members, its fields; words of `RULES`."""
    if isinstance(value, re.Pattern):
        yield value
    elif depth and isinstance(value, (tuple, list, set, frozenset)):
        for one in value:
            yield from patterns_in(one, depth - 1)
    elif depth and isinstance(value, dict):
        yield from patterns_in(tuple(value.values()), depth - 1)
    elif depth and is_dataclass(value) and not isinstance(value, type):
        named = {field.name: getattr(value, field.name) for field in fields(value)}
        words = (named.get(name) for name in ("words", "codes", "enhanced"))
        yield from (re.compile(one, re.I) for one in words if isinstance(one, str))
        yield from patterns_in(tuple(named.values()), depth - 1)


PATTERNS = {
    pattern: f"{module.removeprefix('newsletter.')}.{name}"
    for module in MODULES
    for name, value in vars(importlib.import_module(module)).items()
    for pattern in patterns_in(value)
}


def endless(tree: Any, *, is_end: bool) -> int:
    """Return how many repeats have no bound, but for that of one letter at the end."""
    found = 0
    for place, (code, value) in enumerate(tree, 1):
        is_last = is_end and place == len(tree)
        if code in _REPEATS:
            _, most, repeated = value
            is_letter = len(repeated) == 1 and repeated[0][0] in _ONE_LETTER
            found += most == _CODES.MAXREPEAT and not (is_last and is_letter)
            found += endless(repeated, is_end=False)
        elif code is _CODES.SUBPATTERN:
            found += endless(value[-1], is_end=is_last)
        elif code is _CODES.BRANCH:
            found += sum(endless(branch, is_end=is_last) for branch in value[1])
        elif code in (_CODES.ASSERT, _CODES.ASSERT_NOT):
            found += endless(value[1], is_end=False)
    return found


def seconds_for(pattern: re.Pattern[Any], text: str) -> float:
    searched = text.encode() if isinstance(pattern.pattern, bytes) else text
    begun = thread_time()
    for _ in pattern.finditer(searched):
        pass
    return thread_time() - begun


def words_of(pattern: re.Pattern[Any]) -> list[str]:
    source = pattern.pattern
    text = source.decode("latin-1") if isinstance(source, bytes) else source
    return list(dict.fromkeys(re.findall(r"[^\W\d_]{2,}", text)))


def test_all_patterns_are_found() -> None:
    names = set(PATTERNS.values())

    assert {"inbound.identity._MESSAGE_ID", "inbound.mail._PARAMETER"} <= names
    assert "bounce_words.ABOUT_PERSON" in names
    assert "replies.RULES" in names
    assert len(names) > 50


@pytest.mark.parametrize("name", sorted(set(PATTERNS.values())))
def test_a_pattern_repeats_nothing_without_bound(name: str) -> None:
    found = [
        pattern.pattern
        for pattern, its_name in PATTERNS.items()
        if its_name == name and endless(_PARSER.parse(pattern.pattern), is_end=True)
    ]

    assert found == []


@pytest.mark.parametrize("letter", LETTERS, ids=ascii)
def test_no_letter_repeated_is_slow_for_any_pattern(letter: str) -> None:
    slow = {
        name: seconds
        for pattern, name in PATTERNS.items()
        if (seconds := seconds_for(pattern, letter * LONG)) > 0.2
    }

    # Measured: 0.02 s at the most.
    assert slow == {}


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(set(PATTERNS.values())))
@pytest.mark.parametrize("behind", ["", " ", "a", ": ", "\n", ".", "1 ", "@"])
def test_no_word_repeated_is_slow_for_its_pattern(name: str, behind: str) -> None:
    slow = [
        (word, round(seconds, 2))
        for pattern, its_name in PATTERNS.items()
        if its_name == name
        for word in words_of(pattern)
        for text in (f"{word}{behind}" * LONG, word + (behind or "-") * LONG)
        if (seconds := seconds_for(pattern, text[:LONG])) > 0.3
    ]

    assert slow == []


# --- whole mails ----------------------------------------------------------------------

_DAEMON = b"From: MAILER-DAEMON@b.example\nReturn-Path: <>\nSubject: Undelivered mail\n"
_REPORT = (
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=z\n\n"
    b"--z\nContent-Type: text/plain\n\n"
)
_STATUS = b"--z\nContent-Type: message/delivery-status\n\n"
_SIZE = 200_000

UNITS = (
    *(b" ", b"\n", b"\t", b"x\n", b"1", b"-", b"> ", b"a-a.", b"&", b"\xff", b"=41"),
    *(b"account", b"user ", b"recipient address ", b"konto", b"buzon", b"message "),
    *(b"on wrote wrote ", b"le a ", b"warning ", b"deliver", b"abmeld", b"stop "),
    *(b"550 5.1.1 ", b"a@b.example ", b"user a@b.example\n", b"to: ", b"for <"),
    *(b"message-id:", b"1ag1", b"x-a:\n", b"status: 5.1.1\n", b'"', b"<!--", b"<p "),
)


def in_a_text(unit: bytes) -> bytes:
    return _DAEMON + b"\n" + unit * (_SIZE // len(unit))


def behind_message_id(unit: bytes) -> bytes:
    return b"From: a@b.example\n\nmessage-id:" + unit * (_SIZE // len(unit))


def in_a_page(unit: bytes) -> bytes:
    body = unit * (_SIZE // len(unit))
    return _DAEMON + b"Content-Type: text/html\n\n" + body


def in_headers(unit: bytes) -> bytes:
    value = unit.replace(b"\n", b" ") * (7_000 // len(unit))
    names = (b"Subject", b"To", b"Received", b"References", b"Content-Type", b"From")
    return b"".join(name + b": a; " + value + b"\n" for name in names * 5) + b"\nhi"


def in_a_subject_of_a_person(unit: bytes) -> bytes:
    value = unit.replace(b"\n", b" ") * (7_000 // len(unit))
    return b"From: a@b.example\nSubject: " + value + b"\n\n" + value


def in_every_part(unit: bytes) -> bytes:
    head = b"--z\nContent-Type: a/b; " + unit.replace(b"\n", b" ") * (900 // len(unit))
    return _DAEMON + _REPORT + (head + b"\n\n" + unit * 30 + b"\n") * 199


def in_fifty_reports(unit: bytes) -> bytes:
    said = unit.replace(b"\n", b" ") * (4_000 // len(unit))
    groups = b"".join(
        b"Final-Recipient: rfc822; p%d@b.example\nStatus: 4.0.0\n"
        b"Diagnostic-Code: smtp; %s\n\n" % (number, said)
        for number in range(50)
    )
    own = b"".join(b"p%d@b.example %s\n" % (n, said[:800]) for n in range(50))
    return _DAEMON + _REPORT + own + _STATUS + groups + b"--z--\n"


@pytest.mark.parametrize("unit", UNITS, ids=ascii)
@pytest.mark.parametrize(
    "write",
    [
        in_a_text,
        behind_message_id,
        in_a_page,
        in_headers,
        in_a_subject_of_a_person,
        in_every_part,
        in_fifty_reports,
    ],
)
def test_a_mail_full_of_one_thing_is_read_in_a_second(write: Any, unit: bytes) -> None:
    data = write(unit)
    begun = thread_time()

    read_mail(data)

    # Measured: 0.27 s at the most, on a busy machine.
    assert thread_time() - begun < 1


@pytest.mark.parametrize(
    "data",
    [
        _DAEMON
        + _REPORT
        + b"a@b.example foo bar 1\n" * 2_200
        + (_STATUS + b"Final-Recipient: rfc822; a@b.example\nStatus: 4.0.0\n\n" * 900)
        * 4,
        b"Content-Type: message/rfc822\n\n" * 20 + b"\n" + b"x\n" * 5_000_000,
        b"Content-Type: multipart/mixed; boundary=z\n\n--z\n" * 20 + b"y\n" * 5_000_000,
        _DAEMON + b"\n" + b"Received: from x for <y@z.example>\n" * 250_000,
        b"To: <x@y.example>\n" * 500_000 + b"\n",
        _DAEMON + b"Content-Type: message/delivery-status\n\n" + b"Action: x\n" * 10**6,
        _DAEMON + _REPORT + _STATUS + b"Status: 5.1.1\n" + b"a\n" * 100_000,
        b"Content-Type: multipart/mixed; boundary=z\n\n"
        + b"".join(
            b"--z\nContent-Type: multipart/mixed; boundary=%s\n\nx\n" % (b"b" * 7_000)
            for _ in range(199)
        ),
    ],
    ids=["reports", "nested", "parts", "text", "to", "fields", "folded", "boundaries"],
)
def test_a_mail_full_of_one_shape_is_read_in_a_second(data: bytes) -> None:
    begun = thread_time()

    read_mail(data)

    # Measured: 0.3 s at the most.
    assert thread_time() - begun < 1


def test_names_of_letters_that_nobody_knows_are_read_in_a_second() -> None:
    random = Random(1)  # noqa: S311 - the same words each time
    names = ("".join(random.choices("abcdefgh", k=8)) for _ in range(20_000))
    words = " ".join(f"=?{name}?q?x?=" for name in names)
    lines = (words[start : start + 7_000] for start in range(0, len(words), 7_000))
    data = "".join(f"To: {line}\n" for line in lines).encode() + b"\n"
    begun = thread_time()

    read_mail(data)

    assert thread_time() - begun < 1


@pytest.mark.parametrize("unit", ["account", "message ", "550 ", "user ", "1ag1"])
def test_an_event_full_of_one_thing_is_read_in_a_second(unit: str) -> None:
    words = unit * (200_000 // len(unit))
    row = {"emailAddress": "a@b.example", "diagnosticCode": f"smtp; {words[:9_000]}"}
    bounce = {"bouncedRecipients": [row] * 100}
    event = {"event": "bounce", "email": "a@b.example", "reason": words}
    begun = thread_time()

    read_event({"notificationType": "Bounce", "bounce": bounce})
    read_sendgrid(json.dumps([event | {"smtp-id": words}]).encode())

    # Measured: 0.3 s at the most.
    assert thread_time() - begun < 1


def test_a_number_too_long_for_a_letter_is_read() -> None:
    """Python takes no number of more than 4,300 digits."""
    reading = read_mail(
        b"From: a@b.example\nContent-Type: text/html\n\n<p>&#" + b"9" * 5_000 + b";</p>"
    )

    assert reading.kind is MailKind.UNREAD
