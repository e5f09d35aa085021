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


def read_catalogue(name: str) -> Mapping[str, str]:
    """Return a catalogue as English -> translation.

    Raises:
        FileNotFoundError: There is no such catalogue.
    """
    from babel.messages.pofile import read_po  # 20 ms, for who needs a catalogue

    path = files("newsletter.i18n").joinpath("mail", f"{name}.po")
    with path.open("rb") as file:
        catalogue = read_po(file, locale=name, abort_invalid=True)
    return {str(entry.id): str(entry.string) for entry in catalogue if entry.id}
