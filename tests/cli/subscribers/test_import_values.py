"""What an editor reads of values that an import does not use as they stand."""

import json
from pathlib import Path
from typing import Any

import pytest

from newsletter.cli import run

SETTINGS = """
[newsletter]
name = "Harbour"
sender = "Harbour <letter@example.org>"
[lists.main]
[fields.lid_sinds]
type = "date"
"""
NO_DATE = "which is not a date like 2024-05-03"


class Import:
    """`newsletter subscribers import` of a text."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys

    def __call__(
        self, *rows: str, options: tuple[str, ...] = ()
    ) -> tuple[int, str, str]:
        path = self.root / "readers.csv"
        path.write_text("\n".join(["email;Lid sinds", *rows]), "utf-8")
        command = ["subscribers", "import", str(path), "--project", str(self.root)]
        code = run([*command, *options])
        out, err = self._capsys.readouterr()
        return code, out, err

    def json(self, *rows: str) -> Any:
        return json.loads(self(*rows, options=("--json",))[1])


@pytest.fixture
def bring_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Import:
    (tmp_path / "newsletter.toml").write_text(SETTINGS)
    return Import(tmp_path, capsys)


def test_import_says_how_dates_were_read_and_names_each_that_is_none(
    bring_in: Import,
) -> None:
    assert bring_in("a@example.org;31-12-2022", "b@example.org;eergisteren") == (
        1,
        "readers.csv: read as UTF-8, separated by semicolons; columns: email, "
        'lid_sinds ("Lid sinds", dates read as day-month-year)\n'
        "readers.csv: imported into main as active\n"
        "  new                           2\n"
        "  with a value left out         1\n"
        "2 people get the mail of main now.\n",
        f'readers.csv:3: "Lid sinds" holds "eergisteren", {NO_DATE}; the row counts '
        "without it.\n"
        'readers.csv: mend "Lid sinds" in the file, or leave the column out with '
        '--map "-=Lid sinds".\n',
    )


def test_import_sums_up_many_values_of_a_column(bring_in: Import) -> None:
    rows = [f"a{number}@example.org;gisteren" for number in range(1200)]
    code, out, err = bring_in(*rows, options=("--dry-run",))
    assert code == 1
    assert "  with a value left out     1,200\n" in out
    assert err == (
        'readers.csv: 1,200 rows count without "Lid sinds"; row 2, the first, holds '
        f'"gisteren", {NO_DATE}.\n'
        'readers.csv: mend "Lid sinds" in the file, or leave the column out with '
        '--map "-=Lid sinds".\n'
    )


def test_import_that_leaves_the_column_out_is_quiet(bring_in: Import) -> None:
    options = ("--map", "-=Lid sinds")
    code, _, err = bring_in("a@example.org;gisteren", options=options)
    assert (code, err) == (0, "")


def test_import_asks_which_way_dates_are_read_that_leave_it_open(
    bring_in: Import,
) -> None:
    row = "a@example.org;03/04/2022"
    code, out, err = bring_in(row, options=("--dry-run",))
    assert (code, err) == (
        0,
        'warning: readers.csv: the dates in "Lid sinds" may have the day or the month '
        "first; they are read as day-month-year. If that is wrong: --dates "
        "month-day-year.\n",
    )
    code, out, err = bring_in(row, options=("--dates", "month-day-year"))
    assert (code, err) == (0, "")
    assert "dates read as month-day-year" in out


def test_import_as_json_tells_how_dates_were_read_and_what_is_left_out(
    bring_in: Import,
) -> None:
    found = bring_in.json(
        "a@example.org;31/12/2022", "b@example.org;12/31/2022", "c@example.org;never"
    )
    assert found["dates"] == {"lid_sinds": "mixed"}
    assert found["incomplete_rows"] == 1
    assert found["omissions"] == [
        {
            "field": "lid_sinds",
            "column": "Lid sinds",
            "rows": 1,
            "first": [{"row": 4, "message": f'"Lid sinds" holds "never", {NO_DATE}.'}],
        }
    ]


def test_import_of_headings_alone_shows_that_there_are_no_rows(
    bring_in: Import,
) -> None:
    code, out, err = bring_in(options=("--dry-run",))
    assert (code, err) == (0, "")
    assert out.splitlines()[1:] == [
        "readers.csv: would be imported into main as active",
        "  0 rows",
        "0 people would get the mail of main.",
    ]
