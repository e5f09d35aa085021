from dataclasses import replace

import pytest

from newsletter.messages.letterhead import (
    TOKEN,
    read_sender,
    split_at_token,
    write_letterhead,
)
from newsletter.model.message import Identity, PersonalValue, SlotContext


def written(identity: Identity, *subject: str | PersonalValue) -> str:
    """Return the headers, each value as its context in braces."""
    pieces = write_letterhead(identity, read_sender(identity), subject or ("Dag",))
    return "".join(
        piece.decode("ascii") if isinstance(piece, bytes) else f"{{{piece.context}}}"
        for piece in pieces
    )


def header(identity: Identity, name: str) -> str | None:
    """Return a header unfolded, or None where there is none."""
    for line in written(identity).replace("\r\n ", " ").split("\r\n"):
        if line.startswith(f"{name}: "):
            return line.removeprefix(f"{name}: ")
    return None


def test_letterhead_with_a_page_has_every_header_once(identity: Identity) -> None:
    assert written(identity).split("\r\n") == [
        "From: Steunpunt <post@example.org>",
        "To: <{to}>",
        "Subject: Dag",
        "{date}Message-ID: <{message_id}@example.org>",
        "List-Id: Nieuwsbrief <main.example.org>",
        "List-Unsubscribe: <https://news.example.org/u/{unsubscribe}>,",
        " <mailto:post@example.org?subject=unsubscribe%20{unsubscribe}>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "List-Help: <mailto:post@example.org?subject=help>",
        "Precedence: bulk",
        "Feedback-ID: 2023-02:main:exampleorg",
        "Content-Language: nl",
        "MIME-Version: 1.0",
        "",
    ]


def test_letterhead_without_a_page_offers_a_mail_only(identity: Identity) -> None:
    without = replace(identity, base_url="")
    assert header(without, "List-Unsubscribe") == (
        "<mailto:post@example.org?subject=unsubscribe%20{unsubscribe}>"
    )
    assert header(without, "List-Unsubscribe-Post") is None


def test_letterhead_with_a_page_in_clear_text_has_no_one_click(
    identity: Identity,
) -> None:
    """RFC 8058, section 3.1: one click needs an https address."""
    local = replace(identity, base_url="http://127.0.0.1:8025/")
    assert header(local, "List-Unsubscribe") == (
        "<http://127.0.0.1:8025/u/{unsubscribe}>, "
        "<mailto:post@example.org?subject=unsubscribe%20{unsubscribe}>"
    )
    assert header(local, "List-Unsubscribe-Post") is None


def test_letterhead_with_reply_to_leads_answers_there(identity: Identity) -> None:
    answered = replace(identity, reply_to="Redactie, LOS <redactie@example.org>")
    assert header(answered, "Reply-To") == '"Redactie, LOS" <redactie@example.org>'
    assert header(answered, "List-Help") == "<mailto:redactie@example.org?subject=help>"
    unsubscribe = header(answered, "List-Unsubscribe")
    assert unsubscribe is not None
    assert "<mailto:redactie@example.org?" in unsubscribe


def test_letterhead_with_an_unsubscribe_mailbox_uses_it(identity: Identity) -> None:
    own = replace(identity, base_url="", unsubscribe_address="uit+{token}@example.org")
    assert header(own, "List-Unsubscribe") == (
        "<mailto:uit+{unsubscribe}@example.org?subject=unsubscribe%20{unsubscribe}>"
    )


def test_letterhead_escapes_what_would_change_a_mailto_address(
    identity: Identity,
) -> None:
    odd = replace(identity, base_url="", unsubscribe_address="a&b=c?d%e@example.org")
    assert header(odd, "List-Unsubscribe") == (
        "<mailto:a%26b%3Dc%3Fd%25e@example.org?subject=unsubscribe%20{unsubscribe}>"
    )


def test_letterhead_with_idn_domains_is_ascii(identity: Identity) -> None:
    idn = replace(
        identity,
        sender="Café <post@café.example.org>",
        base_url="https://café.example.org/één",
    )
    assert header(idn, "From") == (
        "=?utf-8?b?Q2Fmw6k=?= <post@xn--caf-dma.example.org>"
    )
    assert header(idn, "Message-ID") is None
    assert "@xn--caf-dma.example.org>" in written(idn)
    unsubscribe = header(idn, "List-Unsubscribe")
    assert unsubscribe is not None
    assert unsubscribe.startswith(
        "<https://xn--caf-dma.example.org/%C3%A9%C3%A9n/u/{unsubscribe}>"
    )


def test_letterhead_of_a_personal_subject_leaves_its_place(identity: Identity) -> None:
    name = PersonalValue(SlotContext.SUBJECT, "first_name", "lezer")
    assert "\r\n{subject}{date}" in written(identity, "Dag ", name)


@pytest.mark.parametrize("subject", ["Dag\r\nBcc: x@example.org", "Dag\n"])
def test_letterhead_of_a_personal_subject_with_a_line_end_is_refused(
    identity: Identity, subject: str
) -> None:
    name = PersonalValue(SlotContext.SUBJECT, "first_name", "lezer")
    with pytest.raises(ValueError, match=r"^Subject cannot hold the control character"):
        written(identity, subject, name)


def test_letterhead_has_a_feedback_id_that_gmail_takes(identity: Identity) -> None:
    short = replace(
        identity, sender="a@b.nl", feedback_parts=("één: twee", "b", "c", "d")
    )
    assert header(short, "Feedback-ID") == "-n-twee:b:c:bnl00"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sender": "Steunpunt"}, "the sender cannot be used: the address has no @."),
        (
            {"sender": "jörg@example.org"},
            "the sender cannot be used: "
            "the part before the @ has letters that few servers can take.",
        ),
        (
            {"reply_to": "a@localhost"},
            'the reply-to cannot be used: the domain "localhost" has no dot.',
        ),
        (
            {"unsubscribe_address": "{token}"},
            "the unsubscribe address cannot be used: the address has no @.",
        ),
        (
            {"base_url": "news.example.org"},
            "the base_url 'news.example.org' is no address of a web page.",
        ),
    ],
)
def test_read_sender_of_a_bad_value_says_which(
    identity: Identity, changes: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - compared whole below
        read_sender(replace(identity, **changes))  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_split_at_token_keeps_what_is_around() -> None:
    assert split_at_token(b"a{token}b{token}") == [b"a", TOKEN, b"b", TOKEN, b""]


def test_letterhead_is_tagged_for_providers_that_lose_the_message_id(
    identity: Identity,
) -> None:
    """By the token of the Message-ID, and by nothing else."""
    for provider, name, value in (
        ("postmark", "X-PM-Metadata-message", "{message_id}"),
        ("sendgrid", "X-SMTPAPI", '{"unique_args": {"message": "{message_id}"}}'),
    ):
        assert header(identity, name) is None
        assert header(replace(identity, providers=(provider,)), name) == value
    others = replace(identity, providers=("ses", "mailgun"))
    assert written(others) == written(identity)
