import pytest

from newsletter.model.delivery import DeliveryState
from newsletter.model.outcome import Reply
from newsletter.reasons import CLUES, Reason, explain_delivery
from newsletter.replies import read_reply

GONE = "This mailbox does not exist."
CLOSED = "This mailbox is closed or switched off."
FULL = "The mailbox is full."
NO_DOMAIN = "The domain of this address does not exist."
NO_MAIL = "The domain of this address takes no mail."
IDENTITY = (
    "The provider refused it because of our authentication: the mail does not prove "
    "who sent it."
)
LISTED = "The provider refused it because of the server that sends your mail."
LOGIN = "Your mail server did not accept your login."
SENDER = "The sender of the newsletter was not accepted."
CONTENT = "The provider took the mail for spam, or did not like what is in it."
NO = "The mail server said no to this address, and not clearly why."

# Code, text as a server says it (Postfix, Exim, Gmail, Outlook, Yahoo, iCloud, Orange,
# Exchange, hosters; addresses changed), the reason an editor is given.
SAID = [
    (550, "5.1.1 <a@b.org>: Recipient address rejected: User unknown", GONE),
    (550, "5.1.1 <a@b.org>... User Unknown", GONE),
    (550, "5.1.1 The email account that you tried to reach does not exist.", GONE),
    (550, "5.5.0 Requested action not taken: mailbox unavailable (S2017062302)", GONE),
    (554, "delivery error: dd This user doesn't have a yahoo.com account", GONE),
    (550, "5.4.1 Recipient address rejected: Access denied.", GONE),
    (550, "5.7.1 Unknown user", GONE),
    (550, "No such user here", GONE),
    (550, "5.2.1 <a@b.org>... User Unknown", GONE),
    (550, "Unknown user a@b.org", GONE),
    (550, "5.1.1 <a@icloud.com>: inactive email", CLOSED),
    (550, "5.2.1 The email account that you tried to reach is inactive.", CLOSED),
    (525, "5.7.13 Disabled recipient address", CLOSED),
    (550, "Mailbox is frozen. See http://mail.i.ua/err/3/", CLOSED),
    (552, "5.2.2 <a@b.org> Quota exceeded", FULL),
    (552, "5.2.2 The email account that you tried to reach is over quota.", FULL),
    (552, "Mailbox size limit exceeded", FULL),
    (550, "5.1.6 recipient no longer on server: a@b.org", "moved"),
    (551, "User not local; please try <b@b.org>", "moved"),
    (
        550,
        "5.2.1 The user you are trying to contact is receiving mail at a rate",
        "it may",
    ),
    (550, "5.1.2 Unable to find the domain", NO_DOMAIN),
    (550, "Unrouteable address", NO_DOMAIN),
    (550, "5.4.4 Host or domain name not found. Name service error", NO_DOMAIN),
    (556, "5.1.10 Recipient address has null MX", NO_MAIL),
    (550, "Host does not accept mail", NO_MAIL),
    (550, "5.7.26 This mail has been blocked because the sender is", IDENTITY),
    (550, "5.7.1 Email rejected per DMARC policy for b.org", IDENTITY),
    (550, "5.7.509 Access denied, sending domain does not pass DMARC", IDENTITY),
    (550, "5.7.25 The IP address sending this message has no PTR record", IDENTITY),
    (550, "Unauthenticated senders not allowed", IDENTITY),
    (554, "5.7.1 <h[192.0.2.1]>: Client host rejected: blocked using x.org", LISTED),
    (550, "5.7.1 IP address blacklisted by recipient", LISTED),
    (550, "5.5.0 Service refuse. Veuillez essayer plus tard.", LISTED),
    (554, "5.7.1 <a@b.org>: Relay access denied", LOGIN),
    (530, "5.7.0 Authentication required", LOGIN),
    (553, "5.7.1 <x@y.org>: Sender address rejected: not owned by user", SENDER),
    (553, "5.1.8 <x@y.org>... Domain of sender address does not exist", SENDER),
    (554, "5.7.0 Reject, id=20025-09 - SPAM", CONTENT),
    (550, "5.7.1 Message content rejected, UBE, id=1", CONTENT),
    (552, "5.3.4 Message too large", "The mail is too big for this mail server."),
    (550, "Ip frequency limited", "The provider wants mail more slowly."),
    (550, "5.4.5 Daily user sending limit exceeded.", "used up"),
    (554, "5.4.6 Too many hops", "circles"),
    (501, "5.1.3 Bad recipient address syntax", "cannot read this address"),
    (553, "5.6.7 no address with letters outside ASCII", "does not know letters"),
    (550, "5.1.1 RCP-P2 Refused due to recipient preferences", "certain senders"),
    (554, "Transaction failed", NO),
    (550, "5.2.0 Message Filtered", NO),
]


@pytest.mark.parametrize(("code", "text", "words"), SAID)
def test_refused_with_a_real_reply_is_told_in_plain_words(
    code: int, text: str, words: str
) -> None:
    reason = explain_delivery(DeliveryState.REFUSED, read_reply(code, text))
    assert words in reason.words
    assert reason.advice


LATER = [
    (450, "4.2.0 <a@b.org>: Recipient address rejected: Greylisted", "know yet"),
    (451, "Greylisting in action, please come back later", "know yet"),
    (452, "4.2.2 Mailbox full", FULL),
    (450, "4.1.2 <a@b.org>: Recipient address rejected: Domain not found", "just now"),
    (450, "4.1.1 <a@b.org>: unverified address: Connection refused", "cannot tell"),
    (450, "4.2.1 The user you are trying to contact is receiving at a rate", "it may"),
    (450, "4.2.1 mailbox unavailable", "takes no mail at the moment"),
    (451, "4.7.652 The server has exceeded the maximum of connections", "more slowly"),
    (
        421,
        "4.7.28 Gmail has detected an unusual rate of unsolicited mail",
        "more slowly",
    ),
    (451, "4.3.0 Temporary lookup failure", "a fault of its own"),
    (450, "4.0.0 Temporary failure", 'said "later"'),
    (426, "connection timed out", "could not be reached"),
]


@pytest.mark.parametrize(("code", "text", "words"), LATER)
def test_deferred_is_tried_again_without_anybody_doing_anything(
    code: int, text: str, words: str
) -> None:
    reason = explain_delivery(DeliveryState.DEFERRED, read_reply(code, text))
    assert words in reason.words
    assert reason.advice == (
        "Nothing to do: it is tried again when the dispatch goes on."
    )


@pytest.mark.parametrize("text", [text for _, text, _ in SAID])
def test_later_never_calls_anybody_gone(text: str) -> None:
    said = text.replace("5.", "4.", 1) if text.startswith("5.") else text
    reason = explain_delivery(DeliveryState.DEFERRED, read_reply(450, said))
    assert reason.words not in (GONE, CLOSED, NO_DOMAIN)


def test_refused_after_the_deadline_says_how_long_it_was_tried() -> None:
    reply = Reply(452, "gave up after 3 days: mailbox full", "4.2.2")
    assert explain_delivery(DeliveryState.REFUSED, reply) == Reason(
        "Tried for 3 days in vain. The mailbox is full.",
        "Try again later with: newsletter resume --refused",
    )


def test_refused_without_any_reply_is_told_all_the_same() -> None:
    assert explain_delivery(DeliveryState.REFUSED, None).words == NO


def test_pending_after_a_fault_of_ours_says_what_to_put_right() -> None:
    reply = read_reply(550, "5.7.26 this mail is unauthenticated")
    assert explain_delivery(DeliveryState.PENDING, reply) == Reason(
        f"Not sent yet. {IDENTITY}",
        "Run newsletter doctor: it says what to put right.",
    )


def test_pending_never_asks_to_remove_the_address() -> None:
    reply = read_reply(550, "5.1.1 User unknown")
    assert explain_delivery(DeliveryState.PENDING, reply).advice == (
        "Nothing to do for this reader: the mail goes when the dispatch goes on."
    )


def test_refused_by_ourselves_passes_on_our_own_words() -> None:
    reply = Reply(0, "the field first_name holds a line break.")
    assert explain_delivery(DeliveryState.REFUSED, reply) == Reason(
        "The field first_name holds a line break.",
        "Put it right, then: newsletter resume --refused",
    )


def test_pending_that_was_never_tried_says_so() -> None:
    assert explain_delivery(DeliveryState.PENDING, None) == Reason(
        "Not tried yet.", "Go on with: newsletter resume"
    )


def test_unknown_names_what_the_log_knows_it_by() -> None:
    found = explain_delivery(DeliveryState.UNKNOWN, None, message_id="<a.b@c.org>")
    assert found == Reason(
        "Nobody knows: the mail left, and no answer came.",
        "Look in the mail server's log for Message-ID <a.b@c.org>. If it is not there, "
        "send it again with: newsletter resume --unknown",
    )


def test_skipped_tells_who_left_from_who_was_cancelled() -> None:
    left = explain_delivery(DeliveryState.SKIPPED, Reply(0, "left meanwhile"))
    assert left.words == "Left meanwhile."
    cancelled = explain_delivery(DeliveryState.SKIPPED, Reply(0, "cancelled"))
    assert cancelled.words == "The dispatch was cancelled before this mail was sent."


def test_under_way_and_taken_need_nothing() -> None:
    for state in (DeliveryState.ATTEMPTING, DeliveryState.ACCEPTED):
        assert explain_delivery(state, None).advice == ""


def test_every_reason_is_a_sentence() -> None:
    for clue in CLUES:
        assert clue.reason.words.endswith(".")
        # Excel opens a CSV file without a mark as anything but UTF-8.
        assert (clue.reason.words + clue.reason.advice).isascii()
        assert "!" not in clue.reason.words + clue.reason.advice
