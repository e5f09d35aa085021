"""Words, dates and writing direction in the reader's language.

A language is a BCP 47 tag as an editor writes it ("nl", "nl-BE", "ar"). Whatever it
is, there is an answer: a region falls back to its language, and an unknown language to
English words with dates as Unicode's CLDR knows them.
"""

from newsletter.i18n.dates import (
    date_in_words,
    format_date,
    format_duration,
    format_event_time,
    format_month,
)
from newsletter.i18n.languages import direction, language_name
from newsletter.i18n.lists import join_words
from newsletter.i18n.words import CATALOGUES, WORDING, Words, page_words, words

__all__ = [
    "CATALOGUES",
    "WORDING",
    "Words",
    "date_in_words",
    "direction",
    "format_date",
    "format_duration",
    "format_event_time",
    "format_month",
    "join_words",
    "language_name",
    "page_words",
    "words",
]
