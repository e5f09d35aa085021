"""What people write to us: does somebody ask to be taken off? Pure.

Law: nobody is taken off by words, only shown to the editor; so a wrong "yes" costs a
glance. Words of the quoted newsletter ("unsubscribe here") are not the person's.
"""

import re

from newsletter.inbound.mail import Mail
from newsletter.inbound.quoting import ANSWER, cut_quote

#: People who want to leave say so at once.
_MAX_WORDS = 1_500
#: With what they quote above it.
_MAX_SEARCHED = 8_000
_MAX_SUBJECT = 1_000

_ASKS = re.compile(
    # English.
    r"\bun-?subscri(be|bing|ption)|\bopt(ing)?[ -]?out\b|"
    r"\b(remove|take|delete|drop|strike|scratch) (me|us|my|our|this|the following)\b|"
    r"\b(stop|cease|quit) (sending|e-?mailing|mailing|these|this|this|the|writing)|"
    r"\b(do not|don'?t|no longer|not) (wish|want|like|care)( to)? "
    r"(be on|be mailed|get|receive|read|these|this|your|any)|"
    r"(do not|don'?t) (send|e-?mail|mail|write|contact)( to)? (me|us|any|this)|"
    r"no (more|further) (e-?mails?|mails?|newsletters?|messages?)|cancel (my|the|this) "
    r"(subscription|newsletter)|off (your|this|the) (mailing )?list|"
    # Dutch.
    r"\b(af ?meld(en|ing)?|uitschrijv(en|ing)|afgemeld|uitgeschreven|opzeggen|"
    r"uitschrijf)"
    r"\b|\bmeld(t)? (mij|me|ons|u mij)\b[^.]{0,30}\baf\b|schrijf (mij|me|"
    r"ons) [^.]{0,20}"
    r"\buit\b|\b(haal|verwijder|schrap) (mij|me|ons|mijn|dit|a\.?u\.?b)|"
    r"\b(geen|niet (meer|langer)) [^.]{0,30}(nieuwsbrie|mails?\b|e-?mails?|berichten|"
    r"post|ontvangen)|stop (met|de|deze)|"
    # German.
    r"\babmeld(en|ung)|\bmelden sie (mich|uns)[^.]{0,30}\bab\b|\baustragen|abbestell|"
    r"\bk[uü]ndig(e|en|ung)\b|\b(streichen|l[oö]schen|entfernen|nehmen) sie "
    r"(mich|uns|meine|diese)|\b(keine|nicht (mehr|l[aä]nger)) [^.]{0,30}(newsletter|"
    r"mails?\b|e-?mails?|nachrichten|post|zusend|erhalten)|"
    # French.
    r"\bd[eé]s(inscri|abonn)|\b(retire[rz]|supprime[rz]|enleve[rz]|enl[eè]ve[rz]|"
    r"radie[rz]|raye[rz])[ -](moi|nous|mon|mes|notre|cette)|\bne (veux|souhaite|"
    r"d[eé]sire|"
    r"souhaitons|voulons) (plus|pas)\b|\bne plus (recevoir|m')|\bplus (recevoir|de "
    r"(mails?|messages?|courriels?|newsletters?))|arr[eê]te[rz] (de )?(m'|me |vos|ces|"
    r"ce)|"
    # Spanish, Italian, Portuguese.
    r"\b(dar(me)?|d[eé]n?me|darse) de baja|\bdesuscri|\bno (quiero|deseo) (recibir|"
    r"m[aá]s)|"
    r"\bcancell?(ate|atemi|azione|are la)|\bdisiscri|\bnon (voglio|desidero) (piu|più|"
    r"ricevere)|\bdescadastr|\bcancelar (a |minha )?(inscri|assinatura)|"
    r"\bn[aã]o (quero|"
    r"desejo) (mais )?receber|"
    # Arabic.
    r"إلغاء (الاشتراك|اشتراكي)|الغاء (الاشتراك|اشتراكي)|(ألغوا|ألغ|الغوا|الغ) "
    r"(اشتراكي|الاشتراك)|(أزيلوا|أزل|احذف|احذفوا|إزالة|ازالة|حذف)[^.،]{0,25}"
    r"(اسمي|عنواني|بريدي|ني|القائمة)|احذفوني|أزيلوني|"
    r"لا (أريد|اريد|أرغب|ارغب|نريد)[^.،]{0,30}(الرسائل|رسائل|استلام|النشرة|المزيد|"
    r"تلقي|البريد)|توقف(وا)? عن (الإرسال|ارسال|إرسال|مراسلت)",
    re.I,
)
#: Alone in a mail it is a wish, in a sentence it may be anything.
_ALONE = re.compile(
    r"\W{0,20}(please |pls |bitte |graag |svp |merci de )?"
    r"(stop|stopp|remove|unsub|leave|"
    r"afmelden|uitschrijven|abmelden|austragen|d[eé]sinscription|d[eé]sabonnement|baja|"
    r"off|delete|weg|إلغاء|توقف)( me)?( please| bitte| aub| a\.u\.b\.| svp)?\W{0,20}",
    re.I,
)
#: What is said against it, or asked about it.
_CONTRARY = re.compile(
    r"\b(don'?t|do not|never|not|no need to|accidental(ly)?|by mistake|wrongly|"
    r"why (was|am|did)|did(n'?t| not)|have(n'?t| not)|was|"
    r"how (do|can) (other|people|readers|one)) "
    r"[^.!?]{0,25}(un-?subscrib|remove|opt(ed)? out|take (me|us) off)|"
    r"\b(niet|per ongeluk|nooit|waarom) [^.!?]{0,20}(afmeld|afgemeld|uitschrijv|"
    r"uitgeschreven)|\bniet (afmeld|uitschrijv)|"
    r"\b(nicht|versehentlich|warum|nie) [^.!?]{0,20}(abmeld|abgemeldet|austragen|"
    r"abbestell)|\b(pas|jamais|par erreur|pourquoi) [^.!?]{0,20}(d[eé]sinscri|"
    r"d[eé]sabonn)|لا (أريد|اريد) (إلغاء|الغاء)|\b(hoe|wie|comment) [^.!?]{0,30}"
    r"(andere|lezers|leser|lecteurs)",
    re.I,
)


def asks_to_leave(mail: Mail) -> bool:
    """Tell whether a person asks, in their own words, to be taken off the list."""
    subject = mail.headers.first("subject")[:_MAX_SUBJECT]
    words = cut_quote(mail.text.lstrip()[:_MAX_SEARCHED])[:_MAX_WORDS]
    if not ANSWER.match(subject):
        if _ALONE.fullmatch(subject):
            return True
        # The subject of an answer is ours, and may well speak of leaving.
        words = f"{subject}\n{words}"
    if _CONTRARY.search(words):
        return False
    return _ASKS.search(words) is not None or _ALONE.fullmatch(words) is not None


def answers(mail: Mail) -> bool:
    """Tell whether it answers a mail, so that a person may expect an answer."""
    return (
        "in-reply-to" in mail.headers
        or "references" in mail.headers
        or ANSWER.match(mail.headers.first("subject")) is not None
    )
