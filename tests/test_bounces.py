from dataclasses import dataclass
from time import process_time

import pytest

from newsletter.bounces import (
    classify_bounce,
    classify_refusal,
    find_bounce_class,
    plain_words,
)
from newsletter.model.returned import BounceClass
from newsletter.replies import read_reply

HARD, SOFT = BounceClass.HARD, BounceClass.SOFT
BLOCKED, DELAY = BounceClass.BLOCKED, BounceClass.DELAY


@dataclass(frozen=True)
class Said:
    bounce_class: BounceClass
    reply: str


#: What mail systems of 2026 say, in their own words, of many kinds and languages.
SAID = [
    # Gone for good.
    *(
        Said(HARD, reply)
        for reply in (
            "550 5.1.1 The email account that you tried to reach does not exist. Please"
            " try double-checking the recipient's email address for typos.",
            "550 5.2.1 The email account that you tried to reach is disabled.",
            "550 5.2.1 The email account that you tried to reach is inactive.",
            "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).",
            "554 delivery error: dd This user doesn't have a yahoo.com account",
            "554 delivery error: dd Not a valid recipient - atlas101.free.mail",
            "554 delivery error: dd This mailbox is disabled (554.30).",
            "552 1 Requested mail action aborted, mailbox not found",
            "550 5.1.1 recipient does not exist here",
            "550 5.1.0 Address rejected.",
            "550 No Such User Here",
            "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)",
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP"
            " address lookup",
            "550 5.1.1 RESOLVER.ADR.ExRecipNotFound; not found",
            "550 5.4.310 DNS domain example.org does not exist",
            "550 5.1.10 Recipient address has null MX",
            "550 Invalid recipient <anna@example.org> (Mode: normal)",
            "550 Unrouteable address",
            "550 all relevant MX records point to non-existent hosts",
            "550 an MX or SRV record indicated no SMTP service",
            "550 5.1.1 unknown or illegal alias: anna@example.org",
            "551 5.1.6 User has moved to someone@example.com",
            "551 User not local; please try <anna@example.com>",
            "511 sorry, no mailbox here by that name",
            "550 Account has been suspended",
            "550 This account has been disabled or discontinued [#102].",
            "554 5.1.1 User is inactive",
            "550 Mailbox is frozen",
            "550 5.1.1 Recipient not found. <https://community.example.com/x>",
            "550-Mailbox unknown. Either there is no mailbox associated with this name"
            " or you do not have authorization to see it.",
            "550 5.1.3 Bad destination mailbox address",
            "550 5.7.1 No such user!",
            "550 Message was not accepted -- invalid mailbox. Local mailbox"
            " anna@mail.example is unavailable: user not found",
            "550 5.7.1 <anna@example.org>: Recipient address rejected: Access denied",
            "550 5.1.1 <anna@example.org>: Recipient address rejected: User unknown in"
            " relay recipient table",
            "550 5.1.1 The e-mail address you entered couldn't be found.",
            "550 The recipient no longer works here",
            "550 anna@example.org is no longer employed at this company",
            "550 5.1.1 Refused due to recipient preferences",
            "550 Unknown local part anna in <anna@example.org>",
            "550 Host unknown",
            "550 Domain name not found: example.org",
            "550 5.1.2 The domain does not accept mail",
            "550 Benutzer unbekannt",
            "550 Empfängeradresse existiert nicht",
            "550 Das Postfach wurde deaktiviert",
            "550 Die eingegebene E-Mail-Adresse konnte nicht gefunden werden.",
            "550 Gebruiker onbekend",
            "550 De ontvanger bestaat niet",
            "550 Het e-mailadres dat u hebt ingevoerd, is niet gevonden",
            "550 Onbekende gebruiker",
            "550 Utilisateur inconnu",
            "550 L'adresse de messagerie que vous avez entrée est introuvable.",
            "550 5.5.0 Le compte du destinataire est bloque.",
            "550 Boîte aux lettres inexistante",
            "550 El usuario no existe",
            "550 La dirección de correo electrónico no se encuentra",
            "550 Cuenta desactivada",
            "550 Utente sconosciuto",
            "550 La casella di posta non esiste",
            "550 Usuário desconhecido",
            "550 Conta inexistente",
            "550 Nieznany użytkownik",
            "550 Mottagaren är okänd: okänd användare",
            "550 Пользователь не найден",
            "550 Почтовый ящик заблокирован",
            "550 المستخدم غير موجود",
            "550 宛先のメールアドレスが見つかりません",
            "550 收件人不存在",
            "550 사용자를 찾을 수 없습니다",
            "user does not exist, but will deliver to /home",
            "This address no longer accepts mail.",
            "Mailbox does not exist",
            "550 5.1.1 <x@y.z>: Recipient address rejected: Undeliverable address:"
            " User unknown",
            "550 Cuenta no disponible",
            "unknown user",
            "Unrouteable address",
            "554 30 Sorry, your message to x@y.z cannot be delivered. This mailbox"
            " is disabled (554.30)",
            "550 5.1.1 User does not exist - <x@y.z>",
            "550 5.1.1 <x@y.z>: user does not exist",
            "mail.local: unknown name: kijitora",
            "554 5.5.4 Invalid Address",
            "550 5.1.1 sorry, that account does not exist",
            "550 5.1.1 unknown address",
            "550 <x@y.z>... We have no user by that name",
            "User kijitora (x@y.z) not listed in Domino Directory",
            "User kijitora not listed in public Name & Address Book",
            "Name or alias not found in directory",
            "Der Benutzer kijitora ist nicht im Domino-Verzeichnis aufgefuehrt",
            "No such local user",
            "The following address does not exist",
            "Account not available",
            "Account closed due to inactivity",
            "550 Account inactive",
            "550 user account is expired",
            "550 5.2.1 Mailbox disabled for this recipient",
            "550 5.2.1 account not active",
            "550 Sorry, user mailbox has been disabled",
            "This email address is no longer active",
            "The person you are trying to reach is no longer with the company",
            "550 no such recipient",
            '554 5.1.1 Mailbox "x" unknown or illegal user',
            "#5.1.1 bad address x@y.z",
            "550 5.1.1 address not recognized",
            "550 invalid user",
            "550 That user does not exist",
            "553 Invalid recipient address",
            "550 5.0.0 Mail rejected: no valid user",
            "Requested action not taken: mailbox not found",
            "550 Email address could not be found, or was misspelled",
            "550 5.7.1 Recipient not allowed? user not found",
            "5.1.2 (unable to route: host unknown)",
            "Domain must exist: domain not found",
            "No such domain at this location",
            "554 5.4.4 Invalid domain name in recipient address",
            "550 This user doesn't have a account here",
            "550 5.1.6 please update your address book: anna has moved to"
            " anna@example.com",
            "550 RESOLVER.ADR.RecipNotFound; not found",
            "554 no valid recipients",
            "550 recipient rejected: unknown",
            "550 user anna is unknown to me",
            "550 5.1.1 anna@example.org user unknown; rejecting",
            "550 address rejected: user not found in our spam-free domain",
        )
    ),
    # Full, or later.
    *(
        Said(SOFT, reply)
        for reply in (
            "452 4.2.2 The email account that you tried to reach is over quota.",
            "552 5.2.2 The email account that you tried to reach is over quota and"
            " inactive.",
            "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException",
            "550 5.2.2 Mailbox size limit exceeded",
            "552 sorry, that recipient's mailbox is over quota temporarily (#5.1.1)",
            "550 5.1.1 User anna exceeded storage allocation",
            "450 4.2.0 <anna@example.org>: Recipient address rejected: Greylisted",
            "451 Temporary local problem - please try later",
            "450 4.1.1 <anna@example.org>: Recipient address rejected: unverified"
            " address: user unknown",
            "554 5.4.14 Hop count exceeded - possible mail loop ATTR34",
            "554 5.4.6 Too many hops",
            "550 5.4.300 Message expired",
            "Connection timed out",
            "connect to mx.example.org[192.0.2.1]:25: No route to host",
            "connect to mx.example.org[192.0.2.1]:25: Connection refused",
            "Host or domain name not found. Name service error for name=mx.example.org"
            " type=A: Host not found, try again",
            "550 5.4.4 DNS timeout",
            "450 4.2.1 The user you are trying to contact is receiving mail at a rate"
            " that prevents additional messages from being delivered.",
            "550 5.2.1 The user you try to contact is receiving mail too quickly",
            "550 The account or domain may not exist, or is missing DNS entries",
            "retry timeout exceeded",
            "all hosts have been failing for a long time (and retry time not reached)",
            "550 Das Postfach des Empfängers ist voll",
            "550 Postvak is vol",
            "550 La boîte du destinataire est pleine",
            "550 Buzón lleno",
            "550 La casella del destinatario è piena",
            "550 Caixa postal cheia",
            "550 Почтовый ящик переполнен",
            "550 受信者のメールボックスがいっぱいです",
            "550 收件人邮箱已满",
            "421 Service refusé. Veuillez essayer plus tard.",
            "451 Vorübergehender Fehler, bitte später erneut versuchen",
            "554 something went wrong",
            "550",
            "Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)",
            "CNAME lookup failed temporarily. (#4.4.3)",
            "Sorry. Although I'm listed as a best-preference MX or A for that host,"
            " it isn't in my control/locals file, so I don't treat it as local."
            " (#5.4.6)",
            "mail for example.org loops back to myself",
            "unknown mail transport error",
            'Command died with status 9: "/usr/bin/procmail". Command output:'
            " mailbox write failed",
            "cannot update mailbox /var/mail/x for user x. unable to lock for"
            " exclusive access: Resource temporarily unavailable",
            "maildir delivery failed: error writing message: Disk quota exceeded",
            "Server certificate not verified",
            "TLS is required, but was not offered by host mx.example.org",
            "mailbox is full (MTA-imposed quota exceeded while writing to file /mbx)",
            "local delivery failed",
            "no immediate delivery: retry time not reached for any host",
            "451 4.7.500 Server busy. Please try again later",
            "552 5.2.2 <x@y.z>: user is over quota",
            "400 4.4.7 Delivery time expired",
            "delivery temporarily suspended: conversation with mx timed out",
            "lost connection with mx.example.org while sending end of data",
            "user has exceeded his quota",
            "Account is over the limit",
            "Mail box full, message returned to sender",
            "5.2.2 mailbox size exceeded",
            "Not enough disk space",
            "The recipient's inbox is out of storage space",
            "The user to whom this message was addressed has exceeded the allowed"
            " mailbox",
            "The incoming mailbox for user x is full",
            "Delivery failed: Over quota",
            "Local delivery: mailbox temporarily full",
            "Mail server temporarily rejected message (#4.3.0)",
            "lmtp failure: try later",
            "message moved to quarantine folder of admin",
            "550 please use port 587",
        )
    ),
    # Ours: rate, name, sender, content.
    *(
        Said(BLOCKED, reply)
        for reply in (
            "550 5.4.5 Daily user sending limit exceeded.",
            "552 5.7.0 daily message quota exceeded for sender",
            "550 5.1.1 <anna@example.org> - 198.51.100.2 has sent to too many"
            " recipients this hour",
            "550 Domain example.net has exceeded the max emails per hour (250/250"
            " (100%)) allowed. Message discarded.",
            "550 Domain example.net has exceeded the max defers and failures per hour"
            " (5/5 (100%)) allowed. Message discarded.",
            "421 4.7.0 Our system has detected an unusual rate of unsolicited mail",
            "451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited"
            " due to IP reputation",
            "550 Connection frequency limited",
            "421 4.7.0 Too many connections from your host",
            "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using"
            " zen.spamhaus.org",
            "550 5.7.606 Access denied, banned sending IP [192.0.2.1]",
            "550 5.7.511 Access denied, banned sender[192.0.2.1]",
            "550 SC-001 (BAY004-MC1F2) Unfortunately, messages from 192.0.2.1 weren't"
            " sent. Please contact your Internet service provider.",
            "550 Access from ip address 192.0.2.1 blocked. Visit the site",
            "550 5.7.26 This mail is unauthenticated, which poses a security risk",
            "550 5.7.1 <anna@example.org>: Recipient address rejected: Rejected by SPF",
            "550 5.7.1 Email rejected per DMARC policy for example.net",
            "550 5.7.25 The IP address sending this message does not have a PTR record",
            "550 5.1.0 Sender denied",
            "450 4.1.8 <news@example.net>: Sender address rejected: Domain not found",
            "553 5.1.8 Domain of sender address news@example.net does not exist",
            "550 5.1.7 No such domain example.net",
            "550 Sender verify failed",
            "550 Requested action not taken: mailbox unavailable, invalid DNS MX or"
            " A/AAAA resource record",
            "550 Your account has been suspended for sending spam",
            "550 relay not permitted",
            "550 authentication required",
            "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required",
            "550 5.7.129 RESOLVER.RST.RestrictedToRecipientsPermission; not authorized",
            "550 5.7.1 You are not allowed to send mail to this address",
            "550 Administrative prohibition",
            "554 5.7.1 Message rejected under suspicion of SPAM",
            "550 Rejected by header based Anti-Spoofing policy",
            "554 Transaction failed. Reject due to policy restrictions.",
            "554 Email rejected due to security policies",
            "550 High probability of spam",
            "552 5.3.4 Message size exceeds fixed maximum message size",
            "550 5.7.0 Virus found",
            "552 5.7.0 This message was blocked because its content presents a"
            " potential security issue.",
            "550 Mail content denied.",
            "550 Helo command rejected: need fully-qualified hostname",
            "550 Absenderadresse unbekannt",
            "552 5.3.4 message size 12 exceeds size limit 10 of server mx.example.org",
            "550 5.7.1 <x@y.z>: Relay access denied",
            "Sender rate overlimit - 4.5 / 1h",
            "You've reached your daily limit for message recipients",
            "550 5.7.64 TenantAttribution; Relay Access Denied",
            "550 5.7.708 Access denied, traffic not accepted from this IP",
            "553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1,"
            " because the ip is in Spamhaus's list",
            "554 Message not allowed - [PH01] Email not accepted for policy reasons",
            "550 csi.mimecast.org Poor Reputation Sender",
            "554 Host network not allowed",
            "550 Administrative prohibition - envelope blocked",
            "550 5.1.0 <a@b.c> sender rejected. Please see http://www.example.net"
            " AUP#1260",
            "550 5.7.1 [CS01] Message rejected due to local policy",
            "IP address has been blocked",
            "dns lookup failure: your reverse DNS",
            "email has been blocked because it looks like spam",
            "554 5.7.1 You are not allowed to connect",
            "refused mail from your network",
            "550 message contains a banned attachment",
            "This message has been identified as SPAM",
            "mail rejected by Windows Live Hotmail for policy reasons",
            "550 rejected because 192.0.2.1 is in a black list",
            "550 5.7.1 too many recipients",
            "452 Too many recipients received this hour",
            "450 exceeded sending limit",
        )
    ),
]


@pytest.mark.parametrize("said", SAID, ids=lambda said: said.reply[:60])
def test_what_a_server_says_of_a_recipient_has_its_class(said: Said) -> None:
    code, text = _split(said.reply)
    reply = read_reply(code, text)

    found = classify_bounce(status=reply.enhanced, code=code, text=text)

    assert found == said.bounce_class


#: Words of dead addresses, in sentences that are about something else.
ABOUT_OTHER_THINGS = [
    "550 message does not have a valid Date header",
    "550 this host does not have a PTR record",
    "550 mail rejected: not RFC compliant",
    "550 you are not a member of this list",
    "550 Your message to user anna was blocked by policy",
    "550 mail for user anna was deleted as spam",
    "550 The recipient's server blocked your message",
    "550 Sending account has been suspended",
    "550 SMTP service for this outgoing account is disabled: quota reached",
    "554 5.7.1 recipient anna only accepts mail from members",
    "550 invalid Reply-To address",
    "550 Mail to this recipient is not accepted from your address",
    "550 5.7.1 Delivery not authorized, message refused",
    "550 5.7.1 unable to deliver to recipient due to content",
    "550 Rejected: your domain is unknown",
    "550 Client address not found in DNS",
    "550 5.7.1 Unauthorized relay msg rejected",
    "550 the address list is closed for posts by strangers",
    "550 RESOLVER.RST.NotAuthorized; not authorized",
]


@pytest.mark.parametrize("reply", ABOUT_OTHER_THINGS)
def test_words_about_something_else_stop_nobody(reply: str) -> None:
    code, text = _split(reply)
    status = read_reply(code, text).enhanced

    assert classify_bounce(status=status, code=code, text=text) != HARD


def _split(reply: str) -> tuple[int, str]:
    if reply[:3].isdecimal():
        return int(reply[:3]), reply[4:]
    return 0, reply


def test_a_refusal_in_the_dialogue_is_read_by_the_same_words() -> None:
    reply = read_reply(550, "5.1.1 <anna@example.org>: Recipient unknown")

    assert classify_refusal(reply) == HARD


def test_a_refusal_whose_text_was_cut_and_masked_keeps_its_class() -> None:
    reply = read_reply(550, "5.7.1 Client host [192.0.2.1] blocked, see " + "x" * 400)

    assert classify_refusal(reply) == BLOCKED


def test_what_is_still_tried_is_a_delay_whatever_is_said() -> None:
    found = classify_bounce(
        status="4.1.1", code=450, text="User unknown", action="Delayed"
    )

    assert found == DELAY


@pytest.mark.parametrize(
    "text",
    [
        "550 host user-unknown.example.org[192.0.2.1] said something else",
        "550 <user-unknown@example.org>: something else",
        "550 something else, see https://example.org/?reason=user+unknown",
    ],
)
def test_words_in_a_name_an_address_or_a_link_are_not_the_servers(text: str) -> None:
    assert find_bounce_class(status="", code=550, text=text) is None


@pytest.mark.parametrize(
    ("status", "bounce_class"),
    [
        ("5.1.1", HARD),
        ("5.1.2", HARD),
        ("5.1.8", BLOCKED),
        ("5.2.1", HARD),
        ("5.2.2", SOFT),
        ("5.2.3", BLOCKED),
        ("5.3.0", SOFT),
        ("5.4.4", HARD),
        ("5.4.7", SOFT),
        ("5.7.1", BLOCKED),
        ("5.7.13", HARD),
        ("4.7.0", BLOCKED),
        ("4.2.1", SOFT),
        ("5.0.0", SOFT),
        ("", SOFT),
    ],
)
def test_a_code_decides_where_no_word_does(
    status: str, bounce_class: BounceClass
) -> None:
    assert classify_bounce(status=status, code=0, text="") == bounce_class


def test_a_long_text_takes_no_time() -> None:
    """Patterns look within one sentence, so that no text makes them slow."""
    text = "the recipient address of this user account is an account " * 500
    begun = process_time()

    classify_bounce(status="", code=0, text=text)

    assert process_time() - begun < 0.5


def test_words_are_compared_without_case_accents_and_codes() -> None:
    text = "550-5.1.1 Empfänger <anna@example.org>\r\n550 5.1.1 unbekannt’s"

    assert plain_words(text) == "empfanger (@) unbekannt's"
