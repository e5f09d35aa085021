"""The words of an issue's first lines and events, as editors know them: nl, de, fr.

Pure. Keys are English; who writes ``wanneer:`` is told of ``when:``.
"""

from collections.abc import Iterable

from newsletter.fieldnames import fold_name
from newsletter.validation import nearest

#: Words -> the keys they may mean, of which the place that they stand in has one.
_KEYS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("title titel titre", ("title", "subject")),
    ("subject onderwerp betreff objet sujet", ("subject", "title")),
    ("date datum dag tag jour", ("date", "when")),
    ("when wanneer tijd tijdstip wann zeit quand heure", ("when", "date")),
    ("where waar plaats locatie adres wo ort ou lieu adresse", ("where",)),
    ("voorvertoning vorschau apercu", ("preheader",)),
    ("taal sprache langue", ("language",)),
    ("nummer numero", ("number",)),
    ("sjabloon vorlage modele", ("template",)),
    ("lijst lijsten liste listen listes", ("lists",)),
    ("sender van afzender von absender de expediteur", ("from",)),
    ("antwoordaan antwortan repondrea", ("reply_to",)),
    ("archief archiv", ("archive",)),
    ("koppeling verweis lien url", ("link",)),
    ("enligne", ("online",)),
)
_YES_OR_NO = {"ja": "yes", "oui": "yes", "nee": "no", "nein": "no", "non": "no"}


def meant_key(word: str, known: Iterable[str]) -> str:
    """Return the key that *word* translates to or is a slip of, or nothing."""
    known, folded = tuple(known), fold_name(word)
    keys = next((keys for words, keys in _KEYS if folded in words.split()), ())
    return next((key for key in keys if key in known), "") or nearest(word, known)


def meant_answer(word: str) -> str:
    """Return ``yes`` or ``no`` where *word* says so in another language, or nothing."""
    return _YES_OR_NO.get(fold_name(word), "")
