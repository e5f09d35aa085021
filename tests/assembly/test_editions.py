import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from icalendar import Calendar
from lxml import html as lxml_html

from newsletter.assembly.editions import assemble_editions
from newsletter.assembly.pdf import render_pdf
from newsletter.assembly.plaintext import render_text
from newsletter.config import read_settings
from newsletter.definition.parse import parse
from newsletter.model.issue import Issue
from newsletter.model.settings import Settings

EVENT = """\
## Agenda

### Avond

::: event
when: 2023-05-09 19:00-20:30
:::
"""


def test_editions_are_page_and_calendars_by_name(
    read_issue: Callable[..., Issue], settings: Settings
) -> None:
    editions = assemble_editions(read_issue(EVENT), settings, {})
    assert editions.web_page.startswith("<!DOCTYPE html>\n")
    assert list(editions.calendars) == ["avond.ics"]


def test_page_links_to_every_calendar_there_is(
    read_issue: Callable[..., Issue], settings: Settings
) -> None:
    editions = assemble_editions(read_issue(EVENT * 2), settings, {})
    page = lxml_html.document_fromstring(editions.web_page)
    links = page.xpath('//a[@type="text/calendar"]/@href')
    assert links == [f"./{name}" for name in editions.calendars]
    assert len(links) == 2


def words_in(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def missing_in_order(wanted: list[str], found: Iterator[str]) -> list[str]:
    """Return the words that do not come in *found* after those before them."""
    return [word for word in wanted if word not in found]


@pytest.fixture(scope="module")
def real(shared: Path) -> tuple[Issue, Settings, list[str]]:
    """The real issue, and the words of its definition that a reader gets to see."""
    settings = read_settings(shared / "real")
    definition = (shared / "real" / "2023-02.md").read_text("utf-8")
    parsed = parse(definition, file="2023-02.md", slug="2023-02", settings=settings)
    assert parsed.issue is not None
    body = definition.split("---\n", 2)[2]
    hidden = r"^(?:\{.*\}|:::.*|(?:when|link): .*)$|\]\([^)]*\)|^where: "
    return parsed.issue, settings, words_in(re.sub(hidden, " ", body, flags=re.M))


def test_text_of_the_real_issue_has_every_word_in_order(
    real: tuple[Issue, Settings, list[str]],
) -> None:
    issue, settings, words = real
    text = render_text(
        issue, settings, marker=lambda field: "", unsubscribe_url="x", view_url="y/"
    )
    assert missing_in_order(words, iter(words_in(text))) == []
    assert [line for line in text.split("\n") if line != line.rstrip()] == []
    wide = [line for line in text.split("\n") if len(line) > 72]
    assert [line for line in wide if "://" not in line] == []


def test_page_of_the_real_issue_has_every_word_in_order(
    real: tuple[Issue, Settings, list[str]],
) -> None:
    issue, settings, words = real
    page = lxml_html.document_fromstring(
        assemble_editions(issue, settings, {}).web_page
    )
    (main,) = page.xpath("//main")
    assert missing_in_order(words, iter(words_in(main.text_content()))) == []


def test_pdf_of_the_real_issue_has_every_word_in_order(
    real: tuple[Issue, Settings, list[str]], tmp_path: Path
) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    issue, settings, words = real
    path = tmp_path / "issue.pdf"
    path.write_bytes(render_pdf(issue, settings, {}))
    command = ["pdftotext", str(path), "-"]
    text = subprocess.run(command, capture_output=True, check=True).stdout
    assert missing_in_order(words, iter(words_in(text.decode()))) == []


def test_calendars_of_the_real_issue_are_two(
    real: tuple[Issue, Settings, list[str]],
) -> None:
    issue, settings, _ = real
    calendars = assemble_editions(issue, settings, {}).calendars
    entries = [
        entry
        for calendar in calendars.values()
        for entry in Calendar.from_ical(calendar).walk("VEVENT")
    ]
    assert [(str(e["SUMMARY"]), e.decoded("DTSTART").isoformat()) for e in entries] == [
        (
            "Event: good employership for migrant domestic workers",
            "2023-02-28T19:00:00+01:00",
        ),
        ("Event: Kickoff Refugee Platform", "2023-02-15T16:00:00+01:00"),
    ]
