"""Answers that nobody wrote: "I am away", "we have received your message". Pure."""

import re

from newsletter.inbound.mail import Mail

_SUBJECT = re.compile(
    r"out of (the )?office|\bOOO\b|auto(matic(ally)?|mated|matisch\w{0,3}|matique)?"
    r"[ :-]{0,5}(re(ply|sponse|sponder)|generated|antwort|antwoord|svar|answer)|"
    r"^auto(matisch)?:|"
    r"\b(on|am) (vacation|holiday|leave)|vacation (notice|message|reply|response)|"
    r"\baway (from|until|till)\b|^away\b|maternity leave|parental leave|"
    r"afwezig|niet aanwezig|ontvangstbevestiging|abwesen|nicht im (b[uü]ro|haus)|"
    r"urlaub\w{0,20}(nachricht|notiz|meldung)|eingangsbest[aä]tigung|"
    r"r[eé]ponse auto|absen(ce|t) du|absence d|message d'absence|cong[eé]s|"
    r"accus[eé] de r[eé]ception|respuesta auto|fuera de (la )?oficina|"
    r"risposta auto|fuori (sede|ufficio)|resposta auto|fora do escrit|"
    r"fr[aå]nvaro|frånvaro|fravær|automaattinen|poissa|nieobecno|odpowied[zź] auto|"
    r"automatick[aáeé]|автоответ|автоматический ответ|вне офиса|رد (تلقائي|آلي)|"
    r"خارج المكتب|إجازة|不在|自動(応答|返信)|自动(回复|答复)|自動(回覆|答覆)|부재중|"
    r"자동 ?(응답|회신)",
    re.I,
)
#: Headers of programs that answer; RFC 3834 is the standard, the others came before.
_HEADERS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-auto-reply",
    "x-autoreply-from",
    "x-mail-autoreply",
    "x-vacation",
    "x-fc-machinegenerated",
    "x-cron-env",
    "x-ms-exchange-inbox-rules-loop",
)
_PRECEDENCE = re.compile(r"auto[-_ ]?reply", re.I)


def is_auto_reply(mail: Mail) -> bool:
    """Tell whether a program answered for its owner, by headers or by subject."""
    if mail.of_type("message/disposition-notification"):
        # "It was read", "it was deleted": a mail program says so, asked or not.
        return True
    submitted = mail.headers.first("auto-submitted").lower()
    if submitted and not submitted.startswith("no"):
        return True
    if any(name in mail.headers for name in _HEADERS):
        return True
    if _PRECEDENCE.search(mail.headers.first("precedence")):
        return True
    return _SUBJECT.search(mail.headers.first("subject")) is not None
