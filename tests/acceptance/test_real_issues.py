"""The two real issues, from their files to everything that comes of them."""

import json
import re
import shutil
import subprocess
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import icalendar
import lxml.html
import pytest

from newsletter.cli import run

MARKUP = re.compile(r"\{[^{}]*\}|\]\([^)]*\)|^:::.*$|[#>*\[\]]", re.MULTILINE)
EVENT_KEY = re.compile(r"^(?:when|link): .*$|^where: ", re.MULTILINE)


@pytest.fixture(scope="module")
def project(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("real")
    (folder / "issues").mkdir()
    settings = (shared / "real" / "newsletter.toml").read_text("utf-8")
    # A server that nobody needs to answer: these tests mail nothing.
    server = '[server]\nhost = "127.0.0.1"\nport = 9\nsecurity = "none"\n'
    (folder / "newsletter.toml").write_text(f"{settings}\n{server}", "utf-8")
    for name in ("2023-02.md", "2023-03.md"):
        shutil.copy(shared / "real" / name, folder / "issues")
    return folder


@pytest.fixture(scope="module")
def built(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    command = ["build", "2023-02", "-o", str(folder), "--project", str(project)]
    assert run(command) == 0
    return folder


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def definition_words(project: Path) -> list[str]:
    """Every word of headings, paragraphs and places, in order."""
    text = (project / "issues" / "2023-02.md").read_text("utf-8")
    body = text.split("---\n", 2)[2]
    return words(MARKUP.sub(" ", EVENT_KEY.sub("", body)))


def missing_in_order(wanted: list[str], given: list[str]) -> list[str]:
    """The words of *wanted* that do not come in *given* in that order."""
    position, missing = 0, []
    for word in wanted:
        try:
            position = given.index(word, position) + 1
        except ValueError:
            missing.append(word)
    return missing


def visible_text(page: str) -> str:
    tree = lxml.html.document_fromstring(page)
    return " ".join(tree.body.itertext())


def message(built: Path) -> EmailMessage:
    data = (built / "message.eml").read_bytes()
    parsed = message_from_bytes(data, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def html_part(built: Path) -> EmailMessage:
    part = message(built).get_body(("html",))
    assert isinstance(part, EmailMessage)
    return part


def test_every_word_is_in_the_html_in_order(project: Path, built: Path) -> None:
    page = visible_text(html_part(built).get_content())
    assert missing_in_order(definition_words(project), words(page)) == []


def test_every_word_is_in_the_text_in_order(project: Path, built: Path) -> None:
    text = (built / "email.txt").read_text("utf-8")
    assert missing_in_order(definition_words(project), words(text)) == []


def test_every_word_is_in_the_web_page_in_order(project: Path, built: Path) -> None:
    page = visible_text((built / "index.html").read_text("utf-8"))
    assert missing_in_order(definition_words(project), words(page)) == []


@pytest.mark.skipif(
    not shutil.which("pdftotext"), reason="pdftotext is not on this machine"
)
def test_every_word_is_in_the_pdf_in_order(project: Path, built: Path) -> None:
    command = ["pdftotext", "-raw", str(built / "2023-02.pdf"), "-"]
    text = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    assert missing_in_order(definition_words(project), words(text)) == []


def test_encoded_html_is_below_40_kilobytes(built: Path) -> None:
    raw = html_part(built).get_payload(decode=False)
    assert isinstance(raw, str)
    assert len(raw) < 40 * 1024


def test_closing_lines_numbers_and_links_come_out_as_in_the_source(
    built: Path,
) -> None:
    page = html_part(built).get_content()
    text = (built / "email.txt").read_text("utf-8")
    for link in (
        "https://deeplink.rechtspraak.nl/uitspraak?id=ECLI:NL:RBDHA:2023:1296",
        "https://deeplink.rechtspraak.nl/uitspraak?id=ECLI:NL:RBDHA:2023:922",
        "https://freedomfocuscourse.com/",
        "https://www.nap1325.nl/agenda/kickoff-event-refugee-platform/",
    ):
        assert f'href="{link}"' in page
        assert link in text
    assert "kenniscentrum voor mensen" in " ".join(visible_text(page).split())
    assert "1. BASISRECHTEN\n" in text
    assert "3. WAT IS ER TE DOEN\n" in text


def test_there_is_a_calendar_file_for_each_of_the_two_events(built: Path) -> None:
    events = [
        event
        for path in built.glob("*.ics")
        for event in icalendar.Calendar.from_ical(path.read_bytes()).walk("VEVENT")
    ]
    starts = sorted(event.decoded("dtstart").isoformat() for event in events)
    assert starts == ["2023-02-15T16:00:00+01:00", "2023-02-28T19:00:00+01:00"]


def check_json(
    project: Path, issue: str, capsys: pytest.CaptureFixture[str]
) -> tuple[int, dict[str, list[dict[str, object]]]]:
    command = ["check", issue, "--offline", "--json", "--project", str(project)]
    code = run(command)
    return code, json.loads(capsys.readouterr().out)


def test_check_finds_nothing_that_blocks_in_the_complete_issue(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, report = check_json(project, "2023-02", capsys)
    assert [f for f in report["findings"] if f["severity"] == "error"] == []
    assert code == 0


def test_check_finds_exactly_the_four_promised_links(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, report = check_json(project, "2023-03", capsys)
    errors = [f for f in report["findings"] if f["severity"] == "error"]
    lines = (project / "issues" / "2023-03.md").read_text("utf-8").splitlines()
    expected = [
        number
        for number, line in enumerate(lines, 1)
        if "]()" in line or "Zie hier." in line
    ]
    assert [(f["rule"], f["line"]) for f in errors] == [
        ("promised-link", line) for line in expected
    ]
    assert len(expected) == 4
    assert code == 1


def test_the_incomplete_issue_builds_but_is_not_sent(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--project", str(project)]
    assert run(["build", "2023-03", "-o", str(tmp_path), *where]) == 0
    capsys.readouterr()
    assert run(["send", "2023-03", "--confirm", "0", *where]) == 1
    told = capsys.readouterr().err
    refused = re.findall(r"^issues/2023-03\.md:(\d+):", told, re.MULTILINE)
    assert refused == ["18", "29", "36", "46"]
