"""Issues of any length, made of plain words, for benchmarks that need a size."""

from pathlib import Path

from newsletter.assembly.assemble import assemble_issue
from newsletter.assembly.loaders import Templates
from newsletter.definition.parse import parse
from newsletter.model.assembled import Assembled
from newsletter.model.settings import FieldSettings, NewsletterSettings, Settings

#: The project around the benchmarks, whose example and templates they use.
ROOT = Path(__file__).resolve().parents[2]

SETTINGS = Settings(
    NewsletterSettings(
        name="Nieuwsbrief",
        sender="Steunpunt <post@example.org>",
        language="nl",
        time_zone="Europe/Amsterdam",
        reply_to="redactie@example.org",
        address="Steunpunt, Havenlaan 12, 3511 AB Utrecht",
        about="Deze brief verschijnt maandelijks.",
        base_url="https://news.example.org",
    ),
    fields={"first_name": FieldSettings()},
)

_HEAD = """\
---
subject: {{ first_name or "Lezer" }}, teken nu de petitie voor één opvang
preheader: Wat de rechter deze maand besliste
date: 2023-02-14
language: nl
---

Dag {{ first_name or "lezer" }},
"""
_PARAGRAPH = (
    "De rechtbank oordeelt dat de gemeente opnieuw moet beslissen over de opvang van "
    "een gezin met drie kinderen, omdat niet is onderzocht wat er met hen gebeurt als "
    "zij op straat komen te staan. De uitspraak is van belang voor ieder die in één "
    "van de grote steden om onderdak vraagt: **de zorgplicht houdt niet op** bij de "
    "grens van een regeling. Lees de uitspraak "
)


def write_issue(items: int) -> str:
    """Return a definition of *items* items of about 800 bytes, ten in a section."""
    parts = [_HEAD]
    for number in range(items):
        if number % 10 == 0:
            parts.append(f"\n## Onderwerp {number // 10 + 1}\n")
        url = f"https://example.org/uitspraak/{number}"
        parts.append(
            f"\n### Bericht {number + 1}\n\n{_PARAGRAPH}[op de site]({url}).\n"
        )
        parts.append(f"\n{_PARAGRAPH}[in het kort]({url}/kort).\n")
    return "".join(parts)


def assemble_text(text: str, templates: Templates) -> Assembled:
    """Return HTML and text of a definition without pictures.

    Raises:
        ValueError: The definition has problems.
    """
    parsed = parse(text, file="issue.md", slug="issue", settings=SETTINGS)
    if parsed.issue is None or parsed.problems:
        raise ValueError("\n".join(str(problem) for problem in parsed.problems))
    return assemble_issue(parsed.issue, SETTINGS, {}, templates)
