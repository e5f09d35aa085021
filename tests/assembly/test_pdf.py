import io
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from newsletter.assembly.images import prepare_images
from newsletter.assembly.loaders import Templates
from newsletter.assembly.pdf import missing_glyphs, render_pdf
from newsletter.errors import OperationError
from newsletter.model.issue import Issue, Paragraph, Text
from newsletter.model.problem import Place
from newsletter.model.settings import Settings

Read = Callable[..., Issue]

EVERYTHING = """\
Dag {{ first_name or "lezer" }},

# [Een groot bericht](https://example.org/groot)

Tekst, **vet** en _schuin_, `code {x}`, en een [link](https://example.org/een).\\
Een nieuwe regel.

## Een sectie

Vooraf.

### Een item

- een
- twee
  1. binnen

> Gezegd.

::: note
Let op.
:::

| Wat | Sinds |
| :-- | --: |
| Huis | 2006 |

#### Een tussenkop

```
x = 1
```

---

![Een deur](deur.png "Open.")

::: event
title: Avond
when: 2023-05-09 19:00-20:30
where: Utrecht
link: https://example.org/avond
online: https://meet.example.org/x
:::

[Doe mee](https://example.org/mee){.button}

[Zie hier]()
"""


def door() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (900, 450), "teal").save(file, "PNG")
    return file.getvalue()


def pdf_of(issue: Issue, settings: Settings) -> bytes:
    images, _ = prepare_images(issue, {"deur.png": door()}, shown_width=600)
    return render_pdf(issue, settings, images)


def read_with(tool: str, *arguments: str, data: bytes, folder: Path) -> str:
    """Return what a tool of poppler says of a PDF; skip where there is none."""
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} (poppler-utils) is not installed")
    path = folder / "issue.pdf"
    path.write_bytes(data)
    run = subprocess.run(
        [tool, *arguments, str(path), *(["-"] if tool == "pdftotext" else [])],
        capture_output=True,
        check=True,
    )
    return run.stdout.decode()


@pytest.fixture
def words_of(settings: Settings, tmp_path: Path) -> Callable[[Issue], str]:
    """Return the words of an issue's PDF, on one line."""

    def words(issue: Issue) -> str:
        data = pdf_of(issue, settings)
        return " ".join(read_with("pdftotext", data=data, folder=tmp_path).split())

    return words


def test_pdf_has_all_words_in_their_order(
    read_issue: Read, words_of: Callable[[Issue], str]
) -> None:
    words = words_of(read_issue(EVERYTHING, number="5"))
    # Where pages end depends on the fonts of the machine.
    assert re.sub(r"Pagina \d van 2 ?", "", words).strip() == (
        "De Brug Nummer 5 · woensdag 3 mei 2023 Een brug Over bruggen Dag lezer, "
        "Een groot bericht Tekst, vet en schuin, code {x}, en een link. "
        "Een nieuwe regel. Een sectie Vooraf. Een item • een • twee 1. binnen "
        "Gezegd. Let op. Wat Sinds Huis 2006 Een tussenkop x = 1 Open. Avond "
        "dinsdag 9 mei 2023, 19:00–20:30 Utrecht Online Meer informatie "
        "Doe mee Zie hier Wie wij zijn. Wat wij doen. Postbus 1 Utrecht"
    )
    assert re.findall(r"Pagina \d van \d", words) == [
        "Pagina 1 van 2",
        "Pagina 2 van 2",
    ]


@pytest.mark.parametrize(
    "words",
    [
        '#image("x.png") en #read("x") en $x^2$ en *niet vet* en <label> en @ref',
        '= Geen kop, - geen lijst, // geen commentaar, "recht" -- ... ~',
        r"\u{41} \n \\ 'enkel' `geen code` #let x = 1; {x}",
    ],
)
def test_text_of_an_editor_is_never_read_as_markup(
    read_issue: Read, words_of: Callable[[Issue], str], words: str
) -> None:
    issue = read_issue("x")
    paragraph = Paragraph((Text(words),), Place("issue.md", 1))
    assert words in words_of(replace(issue, opening=(paragraph,)))


def test_pdf_is_tagged_and_says_title_author_and_day(
    read_issue: Read, settings: Settings, tmp_path: Path
) -> None:
    data = pdf_of(read_issue(EVERYTHING), settings)
    facts = read_with("pdfinfo", data=data, folder=tmp_path)
    found = dict(line.split(":", 1) for line in facts.splitlines() if ":" in line)
    known = {key: value.strip() for key, value in found.items()}
    assert known["Title"] == "Een brug"
    assert known["Subject"] == "Over bruggen"
    assert known["Author"] == "De Brug"
    assert known["Tagged"] == "yes"
    assert "2023" in known["CreationDate"]


def test_pdf_says_its_language_and_keeps_its_standard(
    read_issue: Read, settings: Settings
) -> None:
    data = pdf_of(read_issue(EVERYTHING), settings)
    assert b"/Lang(nl)" in data
    assert b"pdfuaid:part" in data


def test_links_of_the_pdf_are_live(read_issue: Read, settings: Settings) -> None:
    data = pdf_of(read_issue(EVERYTHING), settings)
    targets = re.findall(rb"/URI\((.*?)\)", data)
    assert list(dict.fromkeys(targets)) == [
        b"https://example.org/groot",
        b"https://example.org/een",
        b"https://meet.example.org/x",
        b"https://example.org/avond",
        b"https://example.org/mee",
    ]


def test_pdf_is_the_same_each_time(read_issue: Read, settings: Settings) -> None:
    issue = read_issue(EVERYTHING)
    assert pdf_of(issue, settings) == pdf_of(issue, settings)


def test_no_event_is_torn_between_two_pages(
    read_issue: Read, settings: Settings, tmp_path: Path
) -> None:
    event = EVERYTHING[EVERYTHING.rindex("::: event") : EVERYTHING.index("[Doe mee]")]
    data = pdf_of(read_issue(event * 30), settings)
    text = read_with("pdftotext", data=data, folder=tmp_path)
    pages = text.split("\f")
    assert len(pages) > 2
    for page in pages:
        assert page.count("19:00") == page.count("Meer informatie")


def test_picture_without_words_keeps_the_standard(
    read_issue: Read, settings: Settings
) -> None:
    assert b"pdfuaid:part" in pdf_of(read_issue("![](deur.png)"), settings)


def test_issue_in_arabic_runs_from_right_to_left(
    read_issue: Read, settings: Settings
) -> None:
    data = pdf_of(read_issue("## أخبار\n\n### خبر\n\nمرحبًا.", language="ar"), settings)
    assert b"/Lang(ar)" in data


@pytest.mark.parametrize("language", ["zh-Hant-TW", "nl-BE", "x-private", "tlh"])
def test_pdf_in_any_language_can_be_made(
    read_issue: Read, settings: Settings, language: str
) -> None:
    issue = replace(read_issue(EVERYTHING), language=language)
    assert pdf_of(issue, settings).startswith(b"%PDF-")


def test_missing_glyphs_of_known_letters_are_none(
    read_issue: Read, settings: Settings
) -> None:
    assert missing_glyphs(read_issue("Één, naïef – €5"), settings, {}) == ()


def test_missing_glyphs_are_named_once_and_the_pdf_is_made_all_the_same(
    read_issue: Read, settings: Settings
) -> None:
    # Places in the Greek and Armenian blocks where there is no letter.
    issue = read_issue("Een \u0378, nog een \u0378 en \u0530.")
    assert missing_glyphs(issue, settings, {}) == ("\u0378", "\u0530")
    assert render_pdf(issue, settings, {}).startswith(b"%PDF-")


def test_pdf_without_the_extra_says_what_to_install(
    read_issue: Read, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(OperationError) as raised:
        render_pdf(read_issue("Dag."), settings, {})
    assert str(raised.value) == (
        "the PDF needs typst, which is not installed. "
        "Install it beside newsletter: pip install typst"
    )


def test_template_of_the_project_that_is_wrong_is_named(
    read_issue: Read, settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "templates" / "pdf"
    folder.mkdir(parents=True)
    (folder / "issue.typ").write_text("#nonsense")
    templates = Templates.of_project(tmp_path)
    with pytest.raises(OperationError) as raised:
        render_pdf(read_issue("Dag."), settings, {}, templates)
    assert str(raised.value) == (
        "the PDF could not be made: typst says: unknown variable: nonsense. "
        "Correct templates/pdf/issue.typ, or remove it to use the built-in one."
    )
