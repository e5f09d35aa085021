from time import thread_time

import pytest

from newsletter.model.delivery import DeliveryState
from newsletter.model.outcome import Outcome, Reply
from newsletter.replies import (
    RULES,
    Stage,
    Verdict,
    asks_for_less,
    classify_reply,
    find_rule,
    judge_reply,
    read_reply,
    show_reply,
)

# Stage, code, text as the server says it, verdict. The texts are those of real servers.
SAID = [
    (Stage.END, 250, "2.0.0 Ok: queued as 4F2A", Verdict.TAKEN),
    # Ours: before a recipient is named.
    (Stage.CONNECT, 554, "5.7.1 No SMTP service here", Verdict.OURS),
    (Stage.CONNECT, 421, "4.3.2 Too many connections", Verdict.SLOWER),
    (Stage.LOGIN, 535, "5.7.8 Error: authentication failed", Verdict.OURS),
    (Stage.LOGIN, 454, "4.7.0 Temporary authentication failure", Verdict.SLOWER),
    (Stage.LOGIN, 432, "4.3.2 Concurrent connections limit exceeded", Verdict.SLOWER),
    (Stage.MAIL, 553, "5.7.1 sender address rejected: not owned by user", Verdict.OURS),
    (Stage.MAIL, 550, "5.1.1 no such user", Verdict.OURS),
    (Stage.MAIL, 552, "5.3.4 Message size exceeds fixed limit", Verdict.OURS),
    (Stage.MAIL, 451, "4.3.0 try again", Verdict.SLOWER),
    (Stage.MAIL, 454, "Throttling failure: Maximum sending rate", Verdict.SLOWER),
    # Theirs: this recipient.
    (Stage.RCPT, 550, "5.1.1 <a@b.org>: Recipient address rejected", Verdict.REFUSED),
    (Stage.RCPT, 550, "No such user here", Verdict.REFUSED),
    (Stage.RCPT, 550, "5.7.1 Unknown user", Verdict.REFUSED),
    (Stage.RCPT, 553, "5.1.2 Unable to find the domain", Verdict.REFUSED),
    (Stage.RCPT, 501, "5.1.3 Bad recipient address syntax", Verdict.REFUSED),
    (Stage.RCPT, 556, "5.1.10 Recipient address has null MX", Verdict.REFUSED),
    (Stage.RCPT, 550, "5.2.1 The mailbox is disabled", Verdict.REFUSED),
    (Stage.RCPT, 552, "5.2.2 Mailbox full", Verdict.REFUSED),
    (Stage.RCPT, 552, "Mailbox quota exceeded", Verdict.REFUSED),
    (Stage.RCPT, 550, "5.4.1 Recipient rejected: Access denied", Verdict.REFUSED),
    (Stage.RCPT, 550, "5.5.0 Requested action not taken", Verdict.REFUSED),
    (Stage.RCPT, 554, "Transaction failed", Verdict.REFUSED),
    (Stage.RCPT, 553, "5.6.7 no address with letters outside ASCII", Verdict.REFUSED),
    (Stage.END, 550, "5.1.1 no such user", Verdict.REFUSED),
    (Stage.END, 554, "Transaction failed", Verdict.REFUSED),
    (Stage.RCPT, 550, "5.7.133 sender not authenticated for group", Verdict.REFUSED),
    (Stage.RCPT, 550, "5.7.1 You are blocked by the recipient", Verdict.REFUSED),
    (Stage.END, 552, "5.2.3 Message length exceeds limit", Verdict.REFUSED),
    (Stage.RCPT, 550, "5.4.316 Message expired", Verdict.REFUSED),
    # Later: this recipient, not now.
    (Stage.RCPT, 450, "4.7.1 Recipient address rejected: Greylisted", Verdict.LATER),
    (Stage.RCPT, 451, "Greylisting in action, please come back later", Verdict.LATER),
    (Stage.RCPT, 450, "4.2.1 mailbox unavailable", Verdict.LATER),
    (Stage.RCPT, 452, "4.2.2 Mailbox full", Verdict.LATER),
    (Stage.RCPT, 452, "Mailbox size limit exceeded", Verdict.LATER),
    (Stage.RCPT, 450, "4.1.2 Domain not found", Verdict.LATER),
    (Stage.END, 451, "4.7.1 try later", Verdict.LATER),
    # Again: on another connection.
    (Stage.MAIL, 421, "Maximum message count per session reached", Verdict.AGAIN),
    (Stage.MAIL, 421, "4.7.0 too many messages in this connection", Verdict.AGAIN),
    (Stage.MAIL, 421, "4.4.2 mx.example Error: timeout exceeded", Verdict.AGAIN),
    (Stage.RCPT, 421, "4.4.1 idle too long", Verdict.AGAIN),
    # Slower: we, or the server.
    (Stage.END, 421, "4.7.28 Our system has detected an unusual rate", Verdict.SLOWER),
    (Stage.MAIL, 421, "4.3.2 shutting down", Verdict.SLOWER),
    (Stage.MAIL, 432, "4.3.2 Concurrent connections limit", Verdict.SLOWER),
    (Stage.END, 454, "Throttling failure: Maximum sending rate", Verdict.SLOWER),
    (Stage.RCPT, 451, "4.7.500 Server busy. Please try again later", Verdict.SLOWER),
    (Stage.RCPT, 421, "4.7.0 closing connection", Verdict.SLOWER),
    (Stage.RCPT, 450, "4.7.1 Error: too much mail from 192.0.2.1", Verdict.SLOWER),
    (Stage.RCPT, 451, "4.7.652 exceeded the maximum of connections", Verdict.SLOWER),
    (Stage.RCPT, 452, "4.3.1 Insufficient system storage", Verdict.SLOWER),
    (Stage.RCPT, 451, "4.7.28 unusual rate", Verdict.SLOWER),
    (Stage.END, 451, "4.3.0 queue file write error", Verdict.SLOWER),
    (Stage.END, 421, "4.4.2 timeout", Verdict.SLOWER),
    (Stage.RCPT, 450, "4.7.1 hourly sending limit exceeded", Verdict.SLOWER),
    (Stage.RCPT, 452, "out of memory", Verdict.SLOWER),
    # Ours: nobody would get it.
    (Stage.RCPT, 550, "5.4.5 Daily user sending limit exceeded", Verdict.OURS),
    (Stage.RCPT, 550, "User sending quota exceeded for news", Verdict.OURS),
    (Stage.RCPT, 550, "5.7.26 This mail is unauthenticated (SPF, DKIM)", Verdict.OURS),
    (Stage.END, 550, "5.7.26 Unauthenticated email from x.org", Verdict.OURS),
    (Stage.END, 550, "5.7.515 Access denied, sending domain x.org", Verdict.OURS),
    (Stage.END, 550, "5.7.1 not accepted due to domain's DMARC policy", Verdict.OURS),
    (Stage.RCPT, 550, "5.7.25 Client host: reverse DNS required", Verdict.OURS),
    (Stage.RCPT, 554, "Message rejected: Email address is not verified", Verdict.OURS),
    (Stage.RCPT, 550, "Sender rate limit: 500 messages per hour", Verdict.OURS),
    (Stage.RCPT, 530, "5.7.0 Authentication required", Verdict.OURS),
    (Stage.RCPT, 550, "5.7.60 Client may not send as this sender", Verdict.OURS),
    (Stage.RCPT, 554, "5.7.1 Client host rejected: blocked", Verdict.OURS),
    (Stage.RCPT, 553, "5.1.8 Sender's domain does not resolve", Verdict.OURS),
    (Stage.RCPT, 503, "5.5.1 Bad sequence of commands", Verdict.OURS),
    (Stage.DATA, 554, "5.5.1 no valid recipients", Verdict.REFUSED),
    (Stage.END, 552, "5.3.4 message too big", Verdict.OURS),
    (Stage.END, 552, "Message size exceeds maximum", Verdict.OURS),
    # Ours, or one recipient's own: several in a row say it.
    (Stage.RCPT, 554, "5.7.1 <a@b.org>: Relay access denied", Verdict.POLICY),
    (Stage.RCPT, 550, "relaying denied", Verdict.POLICY),
    (Stage.RCPT, 550, "5.7.1 Service unavailable; blocked using x.org", Verdict.POLICY),
    (Stage.END, 554, "5.7.1 Spam message rejected", Verdict.POLICY),
    (Stage.END, 550, "message looks like SPAM", Verdict.POLICY),
    (Stage.END, 550, "5.6.0 invalid content", Verdict.POLICY),
    # Neither yes nor no.
    (Stage.RCPT, 250, "out of step", Verdict.OURS),
    (Stage.END, 354, "out of step", Verdict.OURS),
]  # fmt: skip


@pytest.mark.parametrize(("stage", "code", "text", "verdict"), SAID)
def test_judge_reply_of_a_real_server_says_who_has_to_act(
    stage: Stage, code: int, text: str, verdict: Verdict
) -> None:
    assert judge_reply(stage, read_reply(code, text)) is verdict


def test_every_rule_decides_at_least_one_of_the_replies() -> None:
    """A rule that never decides is dead, or hides behind one above it."""
    deciding = {
        find_rule(stage, read_reply(code, text)) for stage, code, text, _ in SAID
    }
    assert [rule for rule in RULES if rule not in deciding] == []


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("code", [*range(200, 600, 7), 421, 450, 550])
def test_judge_reply_has_a_verdict_for_every_code_at_every_stage(
    stage: Stage, code: int
) -> None:
    verdict = judge_reply(stage, Reply(code))
    is_before_recipient = stage in (Stage.CONNECT, Stage.LOGIN, Stage.MAIL)
    if is_before_recipient:
        assert verdict in (Verdict.SLOWER, Verdict.OURS)
    if verdict is Verdict.TAKEN:
        assert stage is Stage.END
        assert 200 <= code < 300


@pytest.mark.parametrize(
    ("verdict_reply", "outcome"),
    [
        ((Stage.END, 250), Outcome(DeliveryState.ACCEPTED, Reply(250))),
        ((Stage.RCPT, 550), Outcome(DeliveryState.REFUSED, Reply(550))),
        ((Stage.RCPT, 450), Outcome(DeliveryState.DEFERRED, Reply(450))),
        (
            (Stage.RCPT, 421),
            Outcome(
                DeliveryState.PENDING, Reply(421), is_our_fault=True, may_pass=True
            ),
        ),
        (
            (Stage.LOGIN, 535),
            Outcome(DeliveryState.PENDING, Reply(535), is_our_fault=True),
        ),
    ],
)
def test_classify_reply_gives_state_and_whose_fault(
    verdict_reply: tuple[Stage, int], outcome: Outcome
) -> None:
    stage, code = verdict_reply
    assert classify_reply(stage, Reply(code)) == outcome


def test_read_reply_of_several_lines_is_one_masked_line_with_its_code() -> None:
    text = "5.1.1 The email account\n5.1.1 <anna.k@example.org> does\tnot exist."
    assert read_reply(550, text) == Reply(
        550, "The email account <a***@example.org> does not exist.", "5.1.1"
    )


def test_read_reply_with_control_characters_and_other_letters_is_ascii() -> None:
    assert read_reply(550, "gone\x1b[31m für immer\x00") == Reply(
        550, "gone [31m f?r immer"
    )


def test_read_reply_of_a_long_text_is_cut() -> None:
    assert read_reply(550, "x" * 5000).text == "x" * 200


def test_read_reply_of_one_endless_word_takes_no_time() -> None:
    begun = thread_time()

    reply = read_reply(550, "5.1.1 no\n" + "a" * 32_000 + " @")

    assert thread_time() - begun < 0.5
    assert reply.text == f"no {'a' * 197}"


def test_read_reply_with_a_number_that_is_no_enhanced_code_keeps_it() -> None:
    assert read_reply(550, "5.1.1.1 is no mail host") == Reply(
        550, "5.1.1.1 is no mail host"
    )


def test_show_reply_is_what_the_server_said() -> None:
    assert show_reply(Reply(550, "no such user", "5.1.1")) == "550 5.1.1 no such user"
    assert show_reply(Reply(250)) == "250"


@pytest.mark.parametrize(
    ("code", "text", "asks"),
    [
        (421, "4.7.28 Our system has detected an unusual rate", True),
        (421, "4.7.0 Try again later", True),
        (451, "4.7.500 Server busy. Please try again later", True),
        (454, "Throttling failure: Maximum sending rate exceeded", True),
        (454, "Throttling failure: Daily message quota exceeded", False),
        (452, "4.3.1 Insufficient system storage", False),
        (421, "4.3.2 shutting down", False),
        (450, "4.7.1 hourly sending limit exceeded", False),
        (550, "5.4.5 Daily user sending limit exceeded", False),
        (599, "too fast for SMTP", False),
    ],
)
def test_asks_for_less_only_when_it_is_about_speed(
    code: int, text: str, asks: bool
) -> None:
    assert asks_for_less(read_reply(code, text)) is asks
