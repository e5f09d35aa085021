import html as markup
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP, default

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from newsletter.errors import RecipientError
from newsletter.messages.compile import compile_message, dump_compiled, load_compiled
from newsletter.messages.personalise import personal_subject
from newsletter.model.assembled import (
    PREFERENCES_URL,
    UNSUBSCRIBE_URL,
    Assembled,
    AssembledImage,
    Slot,
)
from newsletter.model.message import CompiledMessage, Identity, Message
from newsletter.tokens import Keyring, Purpose, sign

Build = Callable[..., Assembled]
Personal = Callable[..., Message]
Read = Callable[[Message], EmailMessage]

SINGLETONS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Help",
    "Precedence",
    "Feedback-ID",
    "Content-Language",
    "MIME-Version",
    "Content-Type",
]

#: What spreadsheets and forms have put into a first name.
NASTY = [
    "",
    " ",
    ".",
    "..dot",
    "From here",
    "=3D",
    "a=b=",
    "=?utf-8?q?x?=",
    "x" * 300,
    "é" * 300,
    "x" * 75,
    "x" * 76,
    "Anna\r\nBcc: x@example.org",
    "Anna\r\n\r\n<p>",
    "a\tb\x00c\x7f\x85\u2028\u2029d",
    "<b>&amp;\"'</b>",
    '"><script>alert(1)</script>',
    "👩‍👩‍👧‍👦 🏳️‍🌈",
    "مرحبا بالعالم",
    "‮evil",
    "Ева-Мария",
    "@@ab12cd_0@@",
    "{{ first_name }}",
    "--=_boundary--",
    "\u00a0Anna\u00a0",
]
VALUES = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=120),
    st.text(st.sampled_from("=.3D \r\nFrom<&>é👍-_\"'"), max_size=100),
)


def one_line(value: str) -> str:
    """Return what a value becomes, said in another way than the code says it."""
    breaks = {*map(chr, range(32)), *map(chr, range(127, 160)), "\u2028", "\u2029"}
    marked = "".join("\0" if c in breaks else c for c in value)
    return re.sub("\0+", " ", marked).strip() or "lezer"


def assert_fit_for_the_wire(data: bytes) -> None:
    data.decode("ascii")
    assert data.endswith(b"\r\n")
    for line in data.removesuffix(b"\r\n").split(b"\r\n"):
        assert b"\r" not in line
        assert b"\n" not in line
        assert not line.startswith((b".", b"From "))
    head, body = data.split(b"\r\n\r\n", 1)
    assert max(map(len, head.split(b"\r\n"))) <= 998
    assert max(map(len, body.split(b"\r\n"))) <= 76


def content(parsed: EmailMessage, kind: str) -> str:
    body = parsed.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def assert_reads_as_meant(message: Message, assembled: Assembled, value: str) -> None:
    leave = "https://news.example.org/u/11g7g1leave"
    for policy in (default, SMTP):
        parsed = BytesParser(policy=policy).parsebytes(message.data)
        assert isinstance(parsed, EmailMessage)
        assert sorted(parsed.keys()) == sorted(SINGLETONS)
        assert parsed["Subject"] == f"Petitie: teken nu, {value}"
        assert parsed["To"].addresses[0].addr_spec == "anna@example.net"
        assert content(parsed, "html") == assembled.html.replace(
            "@@ab12cd_0@@", markup.escape(value)
        ).replace("@@ab12cd_1@@", leave)
        assert content(parsed, "plain") == assembled.text.replace(
            "@@ab12cd_0@@", value
        ).replace("@@ab12cd_1@@", leave)


def check_any_value(
    value: str, build: Build, compiled: CompiledMessage, personal: Personal
) -> None:
    message = personal(compiled, fields={"first_name": value})
    assert_fit_for_the_wire(message.data)
    assert_reads_as_meant(message, build(), one_line(value))


SAME_FIXTURES = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@pytest.mark.parametrize("value", NASTY)
def test_personalise_with_a_nasty_value_reads_as_meant(
    value: str, build: Build, compiled: CompiledMessage, personal: Personal
) -> None:
    check_any_value(value, build, compiled, personal)


@given(value=VALUES)
@settings(SAME_FIXTURES, max_examples=120)
def test_personalise_with_any_value_reads_as_meant(
    value: str, build: Build, compiled: CompiledMessage, personal: Personal
) -> None:
    check_any_value(value, build, compiled, personal)


@pytest.mark.long
@given(value=VALUES)
@settings(SAME_FIXTURES, max_examples=20_000)
def test_personalise_with_very_many_values_reads_as_meant(
    value: str, build: Build, compiled: CompiledMessage, personal: Personal
) -> None:
    check_any_value(value, build, compiled, personal)


@given(
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
    marked_up=st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
    value=VALUES,
)
@example(text="@@ab12cd_0@@", marked_up="@@ab12cd_1@@@@ab12cd_0@@\n", value="x")
@example(text="", marked_up="", value="")
@example(text="a \n", marked_up="@@ab12cd_0@@\n.", value=".")
@settings(SAME_FIXTURES, max_examples=80)
def test_personalise_of_any_content_reads_as_meant(
    text: str,
    marked_up: str,
    value: str,
    build: Build,
    identity: Identity,
    personal: Personal,
) -> None:
    assembled = build(
        text=f"{text}@@ab12cd_0@@{text}".replace("\r", " "),
        html=f"{marked_up}@@ab12cd_1@@@@ab12cd_0@@{marked_up}".replace("\r", " "),
    )
    compiled = compile_message(assembled, identity)
    message = personal(compiled, fields={"first_name": value})
    assert_fit_for_the_wire(message.data)
    assert_reads_as_meant(message, assembled, one_line(value))


def test_personalise_of_a_usual_mail_is_these_bytes(
    build: Build, identity: Identity, personal: Personal
) -> None:
    assembled = build(subject="Dag @@ab12cd_0@@", text="Dag @@ab12cd_0@@\n", html="é\n")
    message = personal(compile_message(assembled, identity))
    boundary = re.findall(rb'boundary="([^"]+)"', message.data)[0]
    assert message.data.replace(boundary, b"BOUNDARY").decode().split("\r\n") == [
        "From: Steunpunt <post@example.org>",
        "To: <anna@example.net>",
        "Subject: Dag Anna",
        "Date: Tue, 14 Feb 2023 09:30:00 +0000",
        "Message-ID: <11g3g7message@example.org>",
        "List-Id: Nieuwsbrief <main.example.org>",
        "List-Unsubscribe: <https://news.example.org/u/11g7g1leave>,",
        " <mailto:post@example.org?subject=unsubscribe%2011g7g1leave>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "List-Help: <mailto:post@example.org?subject=help>",
        "Precedence: bulk",
        "Feedback-ID: 2023-02:main:exampleorg",
        "Content-Language: nl",
        "MIME-Version: 1.0",
        "Content-Type: multipart/alternative;",
        ' boundary="BOUNDARY"',
        "",
        "--BOUNDARY",
        'Content-Type: text/plain; charset="utf-8"',
        "Content-Transfer-Encoding: quoted-printable",
        "",
        "Dag=20=",
        "Anna=",
        "",
        "",
        "--BOUNDARY",
        'Content-Type: text/html; charset="utf-8"',
        "Content-Transfer-Encoding: quoted-printable",
        "",
        "=C3=A9",
        "",
        "--BOUNDARY--",
        "",
    ]


def test_personalise_gives_the_envelope(
    compiled: CompiledMessage, personal: Personal
) -> None:
    message = personal(compiled, email="Anna@Example.NET")
    assert message.envelope_sender == "post@example.org"
    assert message.envelope_recipient == "Anna@example.net"
    assert message.message_id == "<11g3g7message@example.org>"
    assert not message.needs_smtputf8


def test_personalise_fills_in_the_address_itself(
    build: Build, identity: Identity, personal: Personal, read: Read
) -> None:
    slots = (Slot("@@0@@", "email", "…"), Slot("@@1@@", UNSUBSCRIBE_URL))
    assembled = build(subject="@@0@@", text="Aan @@0@@, @@1@@\n", slots=slots)
    message = personal(compile_message(assembled, identity), email="a+x@MÜNCHEN.de")
    assert read(message)["Subject"] == "a+x@münchen.de"
    assert content(read(message), "plain").startswith("Aan a+x@münchen.de, https://")


def test_personalise_with_an_own_envelope_sender_takes_it(
    compiled: CompiledMessage, personal: Personal
) -> None:
    message = personal(compiled, envelope_sender="news+1@example.org")
    assert message.envelope_sender == "news+1@example.org"
    assert b"news+1" not in message.data


def test_personalise_twice_is_the_same(
    compiled: CompiledMessage, personal: Personal
) -> None:
    assert personal(compiled) == personal(compiled)


def test_personalise_after_dump_and_load_is_the_same(
    compiled: CompiledMessage, personal: Personal
) -> None:
    assert personal(load_compiled(dump_compiled(compiled))) == personal(compiled)


def test_personalise_with_signed_tokens_has_them_whole(
    compiled: CompiledMessage, personal: Personal, read: Read
) -> None:
    keyring = Keyring({1: bytes(32)}, 1)
    leave = sign(keyring, Purpose.UNSUBSCRIBE, 2**63 - 1, 2**63 - 1)
    own = sign(keyring, Purpose.MESSAGE, 2**63 - 1, 2**63 - 1)
    message = personal(compiled, unsubscribe_token=leave, message_token=own)
    assert_fit_for_the_wire(message.data)
    parsed = read(message)
    assert parsed["List-Unsubscribe"] == (
        f"<https://news.example.org/u/{leave}>, "
        f"<mailto:post@example.org?subject=unsubscribe%20{leave}>"
    )
    assert parsed["Message-ID"] == f"<{own}@example.org>"
    assert f"<https://news.example.org/u/{leave}>" in content(parsed, "plain")


def test_personalise_leads_to_the_settings_of_the_reader(
    build: Build, identity: Identity, personal: Personal, read: Read
) -> None:
    slots = (Slot("@@1@@", PREFERENCES_URL),)
    mail = build(text="<@@1@@>\n", html='<a href="@@1@@">x</a>\n', slots=slots)
    compiled = load_compiled(dump_compiled(compile_message(mail, identity)))
    assert compiled.has_preferences
    message = personal(compiled)
    assert_fit_for_the_wire(message.data)
    page = "https://news.example.org/p/11g7mine"
    assert content(read(message), "plain") == f"<{page}>\n"
    assert content(read(message), "html") == f'<a href="{page}">x</a>\n'
    with pytest.raises(ValueError, match=r"^a token is 1 to 64 letters and digits\.$"):
        personal(compiled, preferences_token="")


def test_personalise_of_a_mail_frozen_before_there_were_settings_needs_no_token(
    compiled: CompiledMessage, personal: Personal
) -> None:
    assert not compiled.has_preferences
    assert personal(compiled, preferences_token="") == personal(compiled)


def test_personalise_without_a_page_leaves_by_mail_in_the_body_too(
    build: Build, personal: Personal, read: Read
) -> None:
    identity = Identity("Steunpunt <post@example.org>", "main.example.org")
    parsed = read(personal(compile_message(build(), identity)))
    leave = "mailto:post@example.org?subject=unsubscribe%2011g7g1leave"
    assert parsed["List-Unsubscribe"] == f"<{leave}>"
    assert parsed["List-Unsubscribe-Post"] is None
    assert f'href="{leave}"' in content(parsed, "html")
    assert f"<{leave}>" in content(parsed, "plain")


@pytest.mark.parametrize("fields", [{}, {"first_name": ""}, {"first_name": " \n"}])
def test_personalise_without_a_value_uses_the_fallback(
    compiled: CompiledMessage, personal: Personal, read: Read, fields: dict[str, str]
) -> None:
    parsed = read(personal(compiled, fields=fields))
    assert parsed["Subject"] == "Petitie: teken nu, lezer"
    assert content(parsed, "plain").startswith("Dag lezer,\n")


@pytest.mark.parametrize(
    ("language", "stored", "shown"),
    [
        ("nl", "2022-12-31", "31 december 2022"),
        ("ar", "2022-12-31", "31 ديسمبر 2022"),
        ("en", "2022-12-31", "31 December 2022"),
        ("nl", "", "onlangs"),
        ("nl", "sinds kort", "sinds kort"),
    ],
)
def test_personalise_writes_a_date_as_the_language_of_the_issue_does(
    build: Build,
    identity: Identity,
    personal: Personal,
    read: Read,
    language: str,
    stored: str,
    shown: str,
) -> None:
    since = Slot("@@ab12cd_2@@", "since", "onlangs", language)
    mail = build(
        subject="Lid @@ab12cd_2@@",
        text="Lid @@ab12cd_2@@\n\nAfmelden: <@@ab12cd_1@@>\n",
        slots=(*build().slots, since),
    )
    stored_mail = load_compiled(dump_compiled(compile_message(mail, identity)))
    parsed = read(personal(stored_mail, fields={"since": stored}))
    assert parsed["Subject"] == f"Lid {shown}"
    assert content(parsed, "plain").startswith(f"Lid {shown}\n")


def test_personalise_escapes_a_fallback_in_html(
    build: Build, identity: Identity, personal: Personal, read: Read
) -> None:
    name, leave = build().slots
    odd = type(name)(name.marker, name.name, "R&D <3")
    compiled = compile_message(build(slots=(odd, leave)), identity)
    parsed = read(personal(compiled, fields={}))
    assert "Dag R&amp;D &lt;3," in content(parsed, "html")
    assert "Dag R&D <3," in content(parsed, "plain")


@pytest.mark.parametrize("value", ["\ud800", "Anna\udfff", "\ud83d\ude00\n"])
def test_personalise_with_half_a_character_refuses_the_recipient(
    compiled: CompiledMessage, personal: Personal, value: str
) -> None:
    with pytest.raises(RecipientError) as caught:
        personal(compiled, fields={"first_name": value})
    assert str(caught.value) == 'the field "first_name" holds half a character.'


@pytest.mark.parametrize(
    ("email", "reason"),
    [
        ("anna", "the address has no @."),
        (
            "a@b.org\r\nBcc: x@b.org",
            "there is more than one address.",
        ),
        (
            "a@b.org>\r\nRCPT TO:<x",
            "the address holds an invisible character (U+000D).",
        ),
        (
            "jörg@example.org",
            "the part before the @ has letters that few servers can take.",
        ),
    ],
)
def test_personalise_for_a_bad_address_refuses_the_recipient(
    compiled: CompiledMessage, personal: Personal, email: str, reason: str
) -> None:
    with pytest.raises(RecipientError) as caught:
        personal(compiled, email=email)
    assert str(caught.value) == f"this recipient cannot be mailed: {reason}"


def test_personalise_for_an_idn_domain_writes_it_in_ascii(
    compiled: CompiledMessage, personal: Personal, read: Read
) -> None:
    message = personal(compiled, email="anna@münchen.de")
    assert message.envelope_recipient == "anna@xn--mnchen-3ya.de"
    assert read(message)["To"] == "anna@xn--mnchen-3ya.de"


def test_personalise_with_smtputf8_takes_letters_before_the_at(
    compiled: CompiledMessage, personal: Personal
) -> None:
    message = personal(compiled, email="jörg@münchen.de", smtputf8=True)
    assert message.needs_smtputf8
    assert message.envelope_recipient == "jörg@xn--mnchen-3ya.de"
    assert "\r\nTo: <jörg@xn--mnchen-3ya.de>\r\n".encode() in message.data


def test_personalise_for_the_longest_address_stays_within_a_line(
    compiled: CompiledMessage, personal: Personal
) -> None:
    domain = f"{'.'.join(['x' * 60] * 3)}.de"
    message = personal(compiled, email=f"{'a' * 64}@{domain}")
    assert_fit_for_the_wire(message.data)


@pytest.mark.parametrize("token", ["", "a b", "a\r\nb", "é", "a" * 65, "a\n"])
@pytest.mark.parametrize("name", ["unsubscribe_token", "message_token"])
def test_personalise_with_what_is_no_token_is_refused(
    compiled: CompiledMessage, personal: Personal, name: str, token: str
) -> None:
    with pytest.raises(ValueError, match=r"^a token is 1 to 64 letters and digits\.$"):
        personal(compiled, **{name: token})


def test_personalise_without_a_time_zone_is_refused(
    compiled: CompiledMessage, personal: Personal
) -> None:
    message = r"^the time of sending has no time zone\.$"
    with pytest.raises(ValueError, match=message):
        personal(compiled, sent_at=datetime(2023, 2, 14))  # noqa: DTZ001 - on purpose


def test_personalise_at_one_instant_in_two_zones_dates_each_its_own(
    compiled: CompiledMessage, personal: Personal, read: Read
) -> None:
    """Equal instants are equal keys: a cached Date must not lose its zone."""
    here = datetime(2023, 2, 14, 10, 30, 0, 5, timezone(timedelta(hours=1)))
    dates = [
        read(personal(compiled, sent_at=at))["Date"]
        for at in (here, here.astimezone(UTC))
    ]
    assert dates == [
        "Tue, 14 Feb 2023 10:30:00 +0100",
        "Tue, 14 Feb 2023 09:30:00 +0000",
    ]


def test_personalise_with_a_picture_keeps_it(
    build: Build,
    identity: Identity,
    picture: AssembledImage,
    personal: Personal,
    read: Read,
) -> None:
    compiled = compile_message(build(embedded=(picture,)), identity)
    message = personal(compiled)
    assert_fit_for_the_wire(message.data)
    images = [part for part in read(message).walk() if "image" in part["Content-Type"]]
    assert [image.get_content() for image in images] == [picture.data]


def test_personal_subject_is_what_the_reader_sees(compiled: CompiledMessage) -> None:
    assert personal_subject(compiled, {"first_name": "Änne"}) == (
        "Petitie: teken nu, Änne"
    )
