"""The first issue of a new project, in the language of the newsletter.

Its button has no address yet: that can be previewed and tested, but not sent, so that
nobody mails a sample to their readers.
"""

from datetime import date, timedelta

#: A sample that is over on the evening of its first day would only puzzle.
_EVENT_AHEAD = timedelta(weeks=2)

#: Language -> text; a language without one gets the English, marked as such.
_TEXTS = {
    "en": """\
---
subject: Our first letter
preheader: What we are going to write about, and how to answer us
date: {day}
---

Dear {{{{ first_name or "reader" }}}},

This text opens the issue. Below it come sections, each with items.

## News

### [An item that is a link](https://example.org/)

A paragraph is a few lines of text with **bold words** or [a link](https://example.org/).

### An evening together

::: event
when: {event} 19:30-21:00
where: The reading room
:::

[Tell us that you come](){{.button}}
""",
    "nl": """\
---
subject: Onze eerste brief
preheader: Waar we over gaan schrijven, en hoe u ons antwoordt
date: {day}
---

Beste {{{{ first_name or "lezer" }}}},

Deze tekst opent het nummer. Daaronder komen rubrieken, elk met berichten.

## Nieuws

### [Een bericht dat een link is](https://example.org/)

Een alinea is een paar regels tekst met **vette woorden** of [een link](https://example.org/).

### Een avond samen

::: event
when: {event} 19:30-21:00
where: De leeszaal
:::

[Laat weten dat u komt](){{.button}}
""",
    "de": """\
---
subject: Unser erster Brief
preheader: Worüber wir schreiben werden, und wie Sie uns antworten
date: {day}
---

Guten Tag {{{{ first_name or "zusammen" }}}},

dieser Text eröffnet die Ausgabe. Darunter folgen Rubriken mit ihren Beiträgen.

## Neues

### [Ein Beitrag, der ein Link ist](https://example.org/)

Ein Absatz besteht aus ein paar Zeilen mit **fetten Wörtern** oder [einem Link](https://example.org/).

### Ein gemeinsamer Abend

::: event
when: {event} 19:30-21:00
where: Der Lesesaal
:::

[Sagen Sie uns, dass Sie kommen](){{.button}}
""",
    "fr": """\
---
subject: Notre première lettre
preheader: De quoi nous allons parler, et comment nous répondre
date: {day}
---

Bonjour {{{{ first_name or "à vous" }}}},

Ce texte ouvre le numéro. Viennent ensuite des rubriques, chacune avec ses articles.

## Nouvelles

### [Un article qui est un lien](https://example.org/)

Un paragraphe : quelques lignes avec des **mots en gras** ou [un lien](https://example.org/).

### Une soirée ensemble

::: event
when: {event} 19:30-21:00
where: La salle de lecture
:::

[Dites-nous que vous venez](){{.button}}
""",
}


def starter_text(day: date, language: str) -> str:
    """Return a small first issue that builds.

    Args:
        day: Of the issue; the event in it is two weeks later.
        language: BCP 47 tag of the newsletter.
    """
    text = _TEXTS.get(language.partition("-")[0].lower())
    if text is None:
        text = _TEXTS["en"].replace("---\n\nDear", "language: en\n---\n\nDear", 1)
    return text.format(day=day, event=day + _EVENT_AHEAD)
