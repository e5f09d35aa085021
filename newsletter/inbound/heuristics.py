"""Returned mail without a report: what a daemon wrote for people. Pure.

Two questions: is it a return at all, and of whom does it say what?
"""

import re

from newsletter.inbound.mail import Mail
from newsletter.inbound.quoting import ANSWER, cut_returned
from newsletter.inbound.reports import (
    ADDRESS,
    MAX_REPORTS,
    Failure,
    cut_by_recipient,
    find_diagnostic,
    read_reply_codes,
)

_DAEMON = re.compile(
    r"mailer[ ._-]{0,3}daemon|post[ ._-]{0,3}master|mail[ ._-]{0,3}delivery|"
    r"delivery[ ._-]{0,3}subsystem|"
    r"m(ail)?-?daemon|mail[ ._-]{0,3}(administrator|system)|system administrator|"
    r"mail ?robot|ndr\b|bounce|poostmaster|^<>$|^$",
    re.I,
)
_NULL_PATH = re.compile(r"<\s{0,9}>|^$|<?\s{0,9}(mailer-daemon|postmaster)\b|<>", re.I)
_SUBJECT = re.compile(
    r"undeliver|(not|un|non|never)[ -]?(be )?(been )?(deliver|sent|zugestellt|remis|"
    r"bezorgd|livr|recapitat|entreg)|returned (mail|message|e-?mail)|mail (system )?"
    r"error|"
    r"deliver\w{0,9}[ -](status|fail|report|problem|error|notif|delay|has|attempt)|"
    r"(failure|fail\w{0,9}|error) (notice|notif|deliver|mail|report|to deliver)|"
    r"failed (delivery|mail|message)|delivery$|(mail|message) (delivery |status )?"
    r"(failure|failed|error|rejected|blocked|returned|bounced|delay)|bounced|"
    r"(warning|message|mail).{0,60}(delay|could not|not sent|still)|rejected( mail|:)|"
    r"notice: mail|mail status|status notif|non.?remis|nicht zugestellt|unzustellbar|"
    r"onbestelbaar|niet (bezorgd|afgeleverd)|echec|non distribu|no (se )?(pudo|ha|"
    r"entreg)|devuelto|mancat[ao]|non recapit|nao entreg|devolvid|niedostarcz|"
    r"не доставлен|недоставл|не доставить|送信(エラー|できません|失敗)|配信(エラー|"
    r"不能|失敗)|"
    r"エラー通知|不達|退信|退件|投递失败|無法(傳|投)遞|반송|لم يتم (تسليم|التسليم)|"
    r"loop alert|"
    r"see transcript|sorry, your message|could ?n[o']t be delivered|transcript",
    re.I,
)
_TEXT = re.compile(
    r"(not|n't|unable to|failed to|never|cannot|impossible to|"
    r"wasn't able to) (be )?(been "
    r")?(able to )?(be )?(deliver|reach the following|be sent|sent to|relay)|delivery "
    r"(to .{0,80} |of .{0,60} |has |attempt\w{0,9} )?(has )?(failed|error)|"
    r"undeliver|message is delayed|"
    r"has been delayed|still (undelivered|being)|permanent (fatal )?error|"
    r"(was|been|is) (rejected|returned|bounced|refused) (by|to|because)|could not "
    r"(deliver|be)|error (while|message|was|sending)|no valid recipients|requested "
    r"action not taken|failed addresses|did not reach|delivery problems|transcript of|"
    r"smtp error|remote host said|failure reasons?|exceeds allowed|has failed to|"
    r"duplicated message-id|mail loop|rejected by|were not sent|wasn't delivered|"
    r"konnte nicht|nicht (zugestellt|zustellen)|niet (worden )?(bezorgd|afgeleverd)|"
    r"n'a pas (pu )?(ete |été )?(remis|distribu|livr|[eê]tre)|no (se )?(ha )?(pudo|"
    r"podido)|"
    r"non e stato possibile|non è stato|nao (foi|pode)|não (foi|pôde)|nie (mozna|można|"
    r"zosta)|не (может быть|был\w{0,9}|удалось|доставлен)|送信できませんで|送信に失敗|"
    r"配信でき|届けでき|配送できませ|無法|无法|未能|退回|لم (يتم|نتمكن|يصل)|배달|"
    r"전송하지 못",
    re.I,
)
_SAYS_DELAY = re.compile(
    r"(is|been|be) (only )?a? ?(delayed|temporary failure report|warning message)|"
    r"warning message only|do not need to re-?send|not yet been delivered|will (be )?"
    r"(keep trying|retried|continue (trying|for|to))|attempts will continue|still "
    r"(being|trying)|delayed for|\(delay\)|delay reason|verzogert|verzögert|"
    r"vertraagd|retard[eé]|wird weiterhin|nog niet|noch nicht",
    re.I,
)
_GAVE_UP = re.compile(
    r"\bfail(ed|ure)\b(?!.{0,20}temporar)|permanent|gave up|given up", re.I
)
#: What such a subject goes on with is the daemon's own word: "User unknown".
_RETURNED_MAIL = re.compile(r"returned mail: ", re.I)
#: Before it stands what our mail was, behind it who did not get it.
_FOLLOWING = re.compile(
    r"following (recipient|address|mail|user|person|destination)[^\n]{0,300}:?", re.I
)
#: Lines that name who could not be reached; of those in brackets or alone on a line.
_NAMED = re.compile(
    r"(?:^[ \t>*.\"'<-]{0,20}|rcpt to:?[ \t]{0,9}<?|"
    r"recipients?(?: address)?:?[ \t]{0,9}[<\"']?|"
    r"(?:deliver\w{0,9}|sent|message|mail|addressed|email)[ \t]{1,9}to:?"
    r"[ \t]{0,9}[<\"']?|"
    r"\bto:[ \t]{0,9}<?|user[ \t]|size:[ \t]{0,9})"
    r"([^\s<>\"'(),;:@\[\]=*]{1,128}@[\w-][\w.-]{0,254}\w)",
    re.I | re.M,
)
_NOT_THEM = re.compile(
    r"^(postmaster|mailer-daemon|support|abuse|help(desk)?|admin|root)@", re.I
)

_OF_LISTS = ("list-id", "list-unsubscribe", "list-post")


def is_from_daemon(mail: Mail) -> bool:
    """Tell whether a mail system returned it: by its sender and what it says."""
    if "x-failed-recipients" in mail.headers:
        return True
    if mail.content_type == "multipart/report" and mail.parameters.get(
        "report-type", "delivery-status"
    ).lower() in ("delivery-status", ""):
        return True
    if not _DAEMON.search(mail.headers.first("from")):
        return False
    return (
        has_null_path(mail)
        or _says_so(_SUBJECT, mail.headers.first("subject"))
        or _says_so(_TEXT, mail.text)
    )


def looks_returned(mail: Mail) -> bool:
    """Tell whether two of three things speak for a return: path, subject, text."""
    subject = mail.headers.first("subject")
    is_of_list = any(name in mail.headers for name in _OF_LISTS)
    if not has_null_path(mail) and (is_of_list or ANSWER.match(subject)):
        # Another newsletter, or a person's answer: either may speak of deliveries.
        return False
    says_so = _says_so(_SUBJECT, subject) + _says_so(_TEXT, mail.text)
    return has_null_path(mail) + says_so >= 2


def has_null_path(mail: Mail) -> bool:
    """Tell whether nobody is to answer (RFC 5321, section 4.5.5)."""
    paths = mail.headers.every("return-path")
    return any(_NULL_PATH.match(path) for path in paths)


def find_failures_in_text(mail: Mail) -> list[Failure]:
    """Return what the text says of each recipient; one without a name if of none."""
    subject = mail.headers.first("subject")
    text = cut_returned(mail.text)
    action = "delayed" if _is_delay(subject, text) else ""
    recipients = _find_recipients(mail, text)
    if len(recipients) < 2:
        said = (
            f"{text}\n{_RETURNED_MAIL.sub('', subject)}"
            if _RETURNED_MAIL.match(subject)
            else text
        )
        return [_read_failure("".join(recipients), said, action)]
    pieces = cut_by_recipient(text, recipients[:MAX_REPORTS])
    return [_read_failure(name, piece, action) for name, piece in pieces.items()]


def _says_so(pattern: re.Pattern[str], text: str) -> bool:
    return pattern.search(text[:8_000]) is not None


def _is_delay(subject: str, text: str) -> bool:
    if _SAYS_DELAY.search(subject):
        return True
    return bool(_SAYS_DELAY.search(text[:3_000])) and not _GAVE_UP.search(subject)


def _find_recipients(mail: Mail, text: str) -> list[str]:
    """Return whom the text speaks of, in its order, each once."""
    failed = ",".join(mail.headers.every("x-failed-recipients"))
    found = ADDRESS.findall(failed)
    if not found:
        ours = {
            address.lower()
            for name in ("to", "from", "return-path", "delivered-to")
            for address in ADDRESS.findall(",".join(mail.headers.every(name)))
        }
        following = _FOLLOWING.search(text)
        if following and ADDRESS.search(text, following.end()):
            text = text[following.end() :]
        named = _NAMED.findall(text) or ADDRESS.findall(text)
        found = [
            address
            for address in named
            if address.lower() not in ours and not _NOT_THEM.match(address)
        ]
    return list({address.lower(): address for address in found}.values())


def _read_failure(recipient: str, text: str, action: str) -> Failure:
    diagnostic = find_diagnostic(text)
    code, status = read_reply_codes(diagnostic)
    return Failure(recipient, action, status, code, diagnostic, text)
