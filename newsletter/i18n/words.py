"""The few words that are ours, not the editor's, in the language of issue or item.

English is the msgid; catalogues are gettext files (``mail/nl.po``), read at first use.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from newsletter.i18n.languages import primary_language

#: Languages with a catalogue; English needs none.
CATALOGUES = ("ar", "de", "fr", "nl")

#: Which words people agree to when they join; changes when these do. It stands in their
#: history, so that anybody can tell later what they saw.
WORDING = "2026-11"


@dataclass(frozen=True, slots=True)
class Words:
    """Our words in one language."""

    #: Language of the words themselves: "en" where there is no catalogue.
    language: str
    #: English -> this language.
    translations: Mapping[str, str] = field(default_factory=dict)

    def text(self, msgid: str, **values: object) -> str:
        """Return the words for an English text, with its ``{places}`` filled in."""
        return (self.translations.get(msgid) or msgid).format(**values)


@cache
def words(language: str) -> Words:
    """Return the words of a language, without its region; else the English ones."""
    name = primary_language(language)
    if name not in CATALOGUES:
        return Words("en")
    return Words(name, read_catalogue(name))


@cache
def page_words(language: str) -> Words:
    """Return the words of the public pages and of our notices, those of mail included.

    ``pages/nl.po`` holds what stands on pages alone.
    """
    name = primary_language(language)
    if name not in CATALOGUES:
        return Words("en")
    return Words(name, {**read_catalogue(name), **read_catalogue(name, "pages")})


def read_catalogue(name: str, folder: str = "mail") -> Mapping[str, str]:
    """Return a catalogue as English -> translation.

    Raises:
        FileNotFoundError: There is no such catalogue.
    """
    from babel.messages.pofile import read_po  # 20 ms, for who needs a catalogue

    path = files("newsletter.i18n").joinpath(folder, f"{name}.po")
    with path.open("rb") as file:
        catalogue = read_po(file, locale=name, abort_invalid=True)
    return {str(entry.id): str(entry.string) for entry in catalogue if entry.id}
