"""Every public path against whatever may come: nothing breaks, leaks, acts unasked."""

import itertools
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_from_bytes, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.tokens import Purpose

#: Paths with a token behind them, and what each token is for.
DOORS = {
    "u": Purpose.UNSUBSCRIBE,
    "undo": Purpose.UNDO,
    "p": Purpose.PREFERENCES,
    "c": Purpose.CONFIRM,
    "n": Purpose.NOT_ME,
    "a": Purpose.CHANGE,
}
OPEN_PATHS = (
    "/",
    "/join",
    "/leave",
    "/privacy",
    "/health",
    "/feed.xml",
    "/robots.txt",
    "/favicon.ico",
    "/2026-03/",
    "/2026-03",
    "/2026-03/index.html",
    "/2026-03/issue.json",
    "/hooks/ses",
    "/hooks/mailgun",
    "/hooks/postmark",
    "/hooks/sendgrid",
    "/hooks/nobody",
)
QUIET = ("GET", "HEAD", "OPTIONS")
METHODS = (*QUIET, "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")
KINDS = (
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-16",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "application/json",
    "text/plain",
    "",
)
FIELDS = (
    "List-Unsubscribe",
    "do",
    "email",
    "list",
    "language",
    "first_name",
    "shown",
    "website",
    "page",
    "lang",
)
WORDS = (
    "One-Click",
    "all-off",
    "save",
    "address",
    "main",
    "staff",
    "ar",
    "anna@example.org",
    "new@example.net",
    "a@b@c",
    "\x00",
    "\u202e",
    "../../etc/passwd",
    "<script>",
    "9" * 400,
)

words = st.one_of(st.sampled_from(WORDS), st.text(max_size=40))
forms = st.lists(st.tuples(st.sampled_from(FIELDS), words), max_size=8)
any_path = st.binary(max_size=60).map(lambda data: "/" + quote_from_bytes(data))
header_values = st.text(
    st.characters(min_codepoint=32, max_codepoint=126), max_size=60
).map(str.strip)
headers = st.fixed_dictionaries(
    {},
    optional={
        "Accept-Language": header_values,
        "X-Forwarded-For": st.one_of(header_values, st.just("192.0.2.9, ::1")),
        "If-None-Match": header_values,
        "If-Modified-Since": header_values,
        "Range": header_values,
        "Cookie": header_values,
        "Host": st.sampled_from(["evil.example", "letter.example.org", "a" * 200]),
    },
)


@st.composite
def bodies(draw: Any) -> tuple[str, bytes]:
    """Return a content type and a body that may have nothing to do with it."""
    kind = draw(st.sampled_from(KINDS))
    if draw(st.booleans()):
        return kind, draw(st.binary(max_size=300))
    fields = draw(forms)
    if kind.startswith("multipart"):
        return kind, b"".join(map(_part, fields)) + b"--x--\r\n"
    pairs = [(name, value.encode("utf-8", "replace")) for name, value in fields]
    return kind, urlencode(pairs).encode()


def _part(pair: tuple[str, str]) -> bytes:
    name, value = pair
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
    return head.encode() + value.encode("utf-8", "replace") + b"\r\n"


def tokens(town: Any) -> Iterator[str]:
    """Yield a token of each purpose for each small number, and spoilt ones."""
    for purpose in Purpose:
        for number in range(4):
            token = town.token(purpose, number, 1)
            yield token
            yield town.token(purpose, number)
            yield token.upper()
            yield token[:-1] + ("0" if token[-1] != "0" else "1")


def judge(town: Any, answer: Any, path: str) -> None:
    """Assert what holds for every answer."""
    assert answer.status < 500 or answer.status == 501, (path, answer.text)
    if 300 <= answer.status < 400 and answer.status != 304:
        # The one there is: an issue's address without its last slash. To a host that
        # the request names we send nobody.
        assert answer.headers["Location"] == "2026-03/", path
    assert answer.headers["Set-Cookie"] is None
    if answer.status == 400 and "Content-Security-Policy" not in answer.headers:
        # Not understood by the server itself, which never asked us.
        return
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    for name in ("anna", "bob", "carla", "dirk"):
        assert f"{name}@example.org" not in answer.text


@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_whatever_is_asked_is_answered_without_a_fault(
    town: Any, data: st.DataObject
) -> None:
    every_token = _tokens_of(town)
    path = data.draw(
        st.one_of(
            st.sampled_from(OPEN_PATHS),
            any_path,
            st.builds(
                lambda door, token, end: f"/{door}/{token}{end}",
                st.sampled_from(sorted(DOORS)),
                st.one_of(st.sampled_from(every_token), st.text(max_size=8).map(quote)),
                st.sampled_from(["", "/", "?lang=ar", "?lang=xx", "/../x"]),
            ),
        )
    )
    method = data.draw(st.sampled_from(METHODS))
    kind, body = data.draw(bodies())
    chosen = data.draw(headers) | ({"Content-Type": kind} if kind else {})
    before = town.state() if method != "POST" else ""
    answer = town.ask(method, path, body if method not in QUIET else b"", chosen)
    judge(town, answer, path)
    if before:
        assert town.state() == before, (method, path)


_CACHE: dict[int, list[str]] = {}


def _tokens_of(town: Any) -> list[str]:
    return _CACHE.setdefault(id(town), list(tokens(town)))


@pytest.mark.parametrize("door", sorted(DOORS))
def test_token_of_another_purpose_opens_no_door_and_does_nothing(
    town: Any, door: str
) -> None:
    unknown = town.ask("GET", f"/{door}/nothing")
    assert unknown.status == 404
    # Those of a test mail and of the probe say so, and change nothing of anybody.
    own = (DOORS[door], Purpose.TEST, Purpose.PROBE)
    others = [one for one in Purpose if one not in own]
    before = town.state()
    for purpose, number in itertools.product(others, range(4)):
        for numbers in ((number,), (number, 1)):
            path = f"/{door}/{town.token(purpose, *numbers)}"
            for answer in (town.ask("GET", path), town.post(path)):
                assert (answer.status, answer.data) == (404, unknown.data)
    assert town.state() == before


def test_bodies_that_are_too_long_are_refused_before_they_are_read(town: Any) -> None:
    token = town.token(Purpose.UNSUBSCRIBE, 1, 1)
    before = town.state()
    for path in (f"/u/{token}", "/join", "/leave"):
        assert town.post(path, "x=" + "y" * 20_000).status == 413
    for provider in ("ses", "mailgun", "postmark", "sendgrid"):
        assert town.post(f"/hooks/{provider}", "y" * 1_000_001).status == 413
    assert town.state() == before


@pytest.mark.parametrize("provider", ["ses", "mailgun", "postmark", "sendgrid"])
def test_unsigned_event_is_refused_whatever_it_says(town: Any, provider: str) -> None:
    token = town.token(Purpose.MESSAGE, 1, town.reader("anna"))
    events: list[Any] = [
        {"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:1:x"},
        {"event-data": {"event": "complained", "message": {"headers": token}}},
        {"RecordType": "SpamComplaint", "Metadata": {"message": token}},
        [{"event": "spamreport", "message": token}],
    ]
    before = town.state()
    for event in events:
        answer = town.post(f"/hooks/{provider}", json.dumps(event))
        assert (answer.status, answer.data) == (403, b"no\n")
    assert town.state() == before


def test_no_answer_tells_whether_an_address_is_known(town: Any) -> None:
    """Known, unknown, suppressed, capped: the same bytes."""
    town.post(f"/u/{town.token(Purpose.UNSUBSCRIBE, town.reader('dirk'), 0)}")
    for path in ("/join", "/leave"):
        answers = set()
        for number, name in enumerate(("anna", "nobody", "dirk", "anna", "nobody")):
            form = {
                "email": f"{name}@example.org",
                "list": "main",
                "shown": town.form_token(),
            }
            answer = town.post(path, urlencode(form), network=f"192.0.{number}.7")
            fixed = {name: answer.headers[name] for name in ("Content-Type", "Vary")}
            answers.add((answer.status, answer.data, str(fixed)))
        assert len(answers) == 1, path
        assert next(iter(answers))[0] == 200
