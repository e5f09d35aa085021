"""Where the words of a mail end and those it quotes or returns begin. Pure."""

import re

#: "----- Original message -----", "--- Below this line is a copy of the message."
_COPY = (
    r"(?:(?:below(?: this line)?|this|included|enclosed|attached|here) is )?(?:an? |"
    r"the )?"
    r"(?:copy of (?:the |your )?(?:original |returned )?"
    r"(?:message|mail|e-?mail)(?: headers?)?[^\n]{0,40}|"
    r"(?:the )?headers? of (?:the |your )original[^\n]{0,40}|"
    r"(?:original|returned|unsent|undelivered|bounced|failed) "
    r"(?:message|mail|e-?mail)(?: headers?| text| body| details)?"
    r"(?: (?:is |as |are )?(?:follow\w{0,9}|below|attached|begins)[^\n]{0,40})?|"
    r"(?:message )?(?:headers?|text|body) (?:are |is )?follow\w{0,9}[^\n]{0,20}|"
    r"urspr[uü]ngliche (?:nachricht|mail)|message d'origine|mensaje original|"
    r"messaggio originale|oorspronkelijk bericht)"
)
_RETURNED = re.compile(
    rf"^[ \t>*=_|-]{{0,99}}{_COPY}[ \t*=_|:.-]{{0,99}}$", re.M | re.I
)
#: The first header of a mail that stands in the text without any word before it.
_HEAD = re.compile(
    r"^(?:Received: (?:from|by)\b|Return-Path:|DKIM-Signature:|ARC-Seal:|"
    r"From MAILER-DAEMON|-{1,80} ?=_)",
    re.M,
)

#: Whatever begins a quote in mail programs of five languages, and of Outlook in all.
_QUOTE = re.compile(
    r"^[ \t]{0,80}(?:>|\|)|"
    r"^[ \t]{0,80}-{2,80}[ \t]{0,80}"
    r"(?:original message|forwarded message|oorspronkelijk bericht|"
    r"doorgestuurd bericht|urspr[uü]ngliche nachricht|weitergeleitete nachricht|"
    r"message (?:d'origine|original|transf[eé]r[eé])|mensaje original|"
    r"messaggio originale|الرسالة الأصلية)|"
    r"^[ \t]{0,80}_{10,200}[ \t]{0,80}$|^-- ?$|"
    r"^[ \t*]{0,80}(?:from|van|von|de|da|från|fra|من)[ \t]?:[^\n]{0,200}\n"
    r"[ \t*]{0,80}"
    r"(?:sent|to|date|subject|verzonden|aan|datum|onderwerp|gesendet|an|betreff|"
    r"envoy[eé]|[aà]|objet|enviado|para|asunto|inviato|oggetto|تاريخ|إلى|"
    r"أرسلت)[ \t*]?:|"
    r"^[^\n]{0,300}?\b(?:wrote|writes|schreef|schrieb|ha scritto|escribi[oó]|escreveu|"
    r"skrev|napisał)\b[^\n]{0,120}:[ \t]{0,80}$|"
    r"^[ \t]{0,80}le [^\n]{0,200}\b[aà] [eé]crit[ \t\u00a0]{0,9}:|"
    r"^[^\n]{0,200}(?:كتب|کتب)[^\n]{0,120}:[ \t]{0,80}$|"
    r"^[ \t]{0,80}(?:on|op|am|el|il|em) (?:[^\n]{5,120}\n[^\n]{0,120}|[^\n]{5,240})"
    r"\b(?:wrote|schreef|schrieb|escribi[oó]|ha scritto|escreveu)\b[^\n]{0,80}:",
    re.M | re.I,
)

#: How the subject of an answer begins.
ANSWER = re.compile(
    r"^\s{0,9}(re|aw|antw|sv|tr|rv|r|回复|رد)\s{0,9}(\[\d{1,3}\])?\s{0,9}[:：]", re.I
)


def cut_returned(text: str) -> str:
    """Return what a report says itself, without the mail it gives back."""
    for pattern in (_RETURNED, _HEAD):
        for found in pattern.finditer(text):
            # What begins with a copy has its words behind it, or none.
            if len(text[: found.start()].strip()) > 20:
                text = text[: found.start()]
                break
    return text


def cut_quote(text: str) -> str:
    """Return what a person wrote, without what they answer to and their signature."""
    found = _QUOTE.search(text)
    return (text[: found.start()] if found else text).strip()
