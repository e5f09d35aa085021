from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.errors import OperationError
from newsletter.model.link import CheckedBreak, CheckedLink, Judgement, Verdict
from newsletter.workflow.check import CheckReport, check_issue
from newsletter.workflow.compose import compose_issue
from newsletter.workflow.fix import Fixed, Proposal, propose_fixes, write_fixes
from newsletter.workflow.project import Project, find_issue, open_project

NOW = datetime(2023, 2, 14, 9, 0, tzinfo=UTC)
SETTINGS = """\
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
address = "Harbour Street 1, Utrecht"

[shortlinks]
ecli = "https://deep.example/uitspraak?id={}"
"""
HEAD = """\
---
subject: Goed werkgeverschap en vier uitspraken
preheader: Een avond over rechten, en wat de rechter besliste
date: 2023-02-14
---

"""
OLD = "https://old.example/a"
NEW = "https://new.example/b"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "newsletter.toml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "issues").mkdir()
    return open_project(tmp_path)


def path_of(project: Project) -> Path:
    return project.root / "issues" / "2023-02.md"


def check(project: Project, body: str, **moves: str) -> CheckReport:
    """Return the report of an issue in which links, by their words, have moved."""
    path_of(project).write_text(HEAD + body, encoding="utf-8")
    report = check_issue(project, "2023-02", offline=True, now=NOW)
    uses = compose_issue(project, find_issue(project, "2023-02")).assembled
    assert uses is not None
    links = tuple(
        CheckedLink(use, Judgement(Verdict.MOVED, "it moved.", moves[use.words]))
        for use in uses.links
        if use.words in moves
    )
    return replace(report, links=links)


def fix(project: Project, report: CheckReport) -> Fixed:
    return write_fixes(project, report, propose_fixes(project, report))


def body_of(project: Project) -> str:
    return path_of(project).read_text(encoding="utf-8").removeprefix(HEAD)


def test_moved_link_is_proposed_and_written(project: Project) -> None:
    report = check(project, f"Read [it]({OLD}) and [that]({OLD}).\n", it=NEW)
    (proposal,) = propose_fixes(project, report)
    assert str(proposal) == f"issues/2023-02.md:7: {OLD} -> {NEW}"
    assert proposal.words == "it"
    assert write_fixes(project, report, [proposal]) == Fixed((proposal,))
    assert body_of(project) == f"Read [it]({NEW}) and [that]({OLD}).\n"


def test_several_links_of_one_line_are_written(project: Project) -> None:
    body = f"[a]({OLD}), [b]({OLD}) and [c](https://old.example/c)\n"
    longer = "https://new.example/much-longer"
    report = check(project, body, a=NEW, b=longer, c=NEW)
    assert len(fix(project, report).written) == 3
    assert body_of(project) == f"[a]({NEW}), [b]({longer}) and [c]({NEW})\n"


def test_links_with_one_definition_are_written_once(project: Project) -> None:
    report = check(project, f"[a][x] and [b][x]\n\n[x]: {OLD}\n", a=NEW, b=NEW)
    assert len(fix(project, report).written) == 2
    assert body_of(project) == f"[a][x] and [b][x]\n\n[x]: {NEW}\n"


def test_nothing_is_proposed_where_nothing_moved(project: Project) -> None:
    assert propose_fixes(project, check(project, f"[a]({OLD})\n")) == ()


def test_front_page_in_the_place_of_a_page_is_not_proposed(project: Project) -> None:
    report = check(project, f"[a]({OLD})\n", a="https://new.example/")
    assert propose_fixes(project, report) == ()


def test_front_page_in_the_place_of_a_front_page_is(project: Project) -> None:
    report = check(project, "[a](http://old.example)\n", a="https://new.example/")
    assert fix(project, report).written
    assert body_of(project) == "[a](https://new.example/)\n"


def test_short_link_is_left_with_its_reason(project: Project) -> None:
    report = check(project, "[a](ecli:X:1)\n", a=NEW)
    (left,) = fix(project, report).left
    assert left.old == "ecli:X:1"
    assert left.obstacle == (
        '"ecli:" is a short link: write the new address under [shortlinks] in '
        "newsletter.toml, for all links of its kind."
    )
    assert body_of(project) == "[a](ecli:X:1)\n"


def test_link_that_is_not_found_is_left(project: Project) -> None:
    report = check(project, f"[a]({OLD})\n", a=NEW)
    (proposal,) = propose_fixes(project, report)
    lost = replace(proposal, url="https://else.example/")
    (left,) = write_fixes(project, report, [lost]).left
    assert left.obstacle == "its place in the file could not be found."


def test_broken_address_is_joined(project: Project) -> None:
    first, rest = "https://old.example/good-", "news-2023"
    report = check(project, f"See {first}\n{rest} and more.\n")
    (found,) = report.breaks
    answers = {first + rest: Judgement(Verdict.OK)}
    report = replace(report, breaks=(CheckedBreak(found.address, answers),))
    (proposal,) = propose_fixes(project, report)
    expected = f"issues/2023-02.md:7: {first} {rest} -> {first}{rest}"
    assert str(proposal) == expected
    assert fix(project, report).written == (proposal,)
    assert body_of(project) == f"See {first}{rest}\nand more.\n"


def test_broken_address_that_nobody_asked_is_not_proposed(project: Project) -> None:
    report = check(project, "See https://old.example/good-\nnews-2023\n")
    assert report.breaks
    assert propose_fixes(project, report) == ()


def test_all_other_bytes_stay(project: Project) -> None:
    report = check(project, f"[a]({OLD})  \nx\t\n\nlast")
    data = path_of(project).read_bytes().replace(b"\n", b"\r\n")
    path_of(project).write_bytes(b"\xef\xbb\xbf" + data)
    path_of(project).chmod(0o640)
    report = check_report_of(project, report)
    assert fix(project, report).written
    expected = b"\xef\xbb\xbf" + data.replace(OLD.encode(), NEW.encode())
    assert path_of(project).read_bytes() == expected
    assert path_of(project).stat().st_mode & 0o777 == 0o640
    assert [p.name for p in path_of(project).parent.iterdir()] == ["2023-02.md"]


def check_report_of(project: Project, report: CheckReport) -> CheckReport:
    composition = compose_issue(project, path_of(project))
    assert composition.assembled is not None
    (use,) = composition.assembled.links
    moved = Judgement(Verdict.MOVED, "it moved.", NEW)
    links = (CheckedLink(use, moved),)
    return replace(report, lines=composition.lines, links=links)


def test_symbolic_link_stays_one(project: Project, tmp_path: Path) -> None:
    report = check(project, f"[a]({OLD})\n", a=NEW)
    real = tmp_path / "elsewhere.md"
    path_of(project).rename(real)
    path_of(project).symlink_to(real)
    assert fix(project, report).written
    assert path_of(project).is_symlink()
    assert NEW in real.read_text(encoding="utf-8")


CHANGED = "issues/2023-02.md has changed since it was checked: nothing was written."


def test_file_that_changed_is_refused(project: Project) -> None:
    report = check(project, f"[a]({OLD})\n", a=NEW)
    proposals = propose_fixes(project, report)
    changed = HEAD + f"\n[a]({OLD})\n"
    path_of(project).write_text(changed, encoding="utf-8")
    for attempt in (
        lambda: propose_fixes(project, report),
        lambda: write_fixes(project, report, proposals),
    ):
        with pytest.raises(OperationError) as error:
            attempt()
        assert str(error.value) == f"{CHANGED} Check it again."
    assert path_of(project).read_text(encoding="utf-8") == changed


def test_proposal_is_shown_without_its_column() -> None:
    from newsletter.model.problem import Place

    proposal = Proposal(Place("x.md", 3, 9), "words", "a", "b")
    assert str(proposal) == "x.md:3: a -> b"
