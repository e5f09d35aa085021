"""Values of a row: which are used, which are told of."""

from io import BytesIO
from typing import Any

import pytest

from newsletter.model.problem import Problem
from newsletter.model.settings import FieldType
from newsletter.subscribers.csv import open_csv
from newsletter.subscribers.date_columns import settle_dates
from newsletter.subscribers.dates import DateOrder
from newsletter.subscribers.rows import Omission, Row, read_rows
from newsletter.subscribers.sheet import Sheet, Wanted


def sheet(text: str, dates: DateOrder | None = None, **fields: FieldType) -> Sheet:
    wanted = Wanted("readers.csv", fields=fields or {"since": "date"}, dates=dates)
    return settle_dates(open_csv(lambda: BytesIO(text.encode()), wanted), dates)


def rows(text: str, **fields: FieldType) -> list[Any]:
    return list(read_rows(sheet(text, None, **fields)))


def dates(*written: str, told: DateOrder | None = None) -> list[str]:
    """Return the dates of a column as they are read; empty: left out."""
    lines = [f"a{number}@example.org;{text}" for number, text in enumerate(written)]
    found = read_rows(sheet("\n".join(["email;since", *lines]), told))
    return [row.fields.get("since", "") for row in found if isinstance(row, Row)]


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        ("number", "ten", '"ten", which is not a number'),
        ("date", "3 mei 2024", '"3 mei 2024", which is not a date like 2024-05-03'),
        ("date", "20240503", '"20240503", which is not a date like 2024-05-03'),
        ("text", "x" * 201, f'"{"x" * 60}…", which is longer than 200 characters'),
        ("number", "b@example.org", '"b***@example.org", which is not a number'),
    ],
)
def test_value_that_is_not_of_its_kind_is_told_and_the_person_stays(
    kind: FieldType, value: str, told: str
) -> None:
    (row,) = rows(f"email,x,y\nanna@example.org,{value},1\n", x=kind, y="text")
    assert row == Row(
        2, "anna@example.org", "anna@example.org", {"y": "1"}, [Omission("x", told)]
    )


def test_row_without_an_address_tells_all_that_is_wrong_in_it() -> None:
    text = "email;Lid sinds;language\nanna;gisteren;Klingon\n"
    (problem,) = rows(text, lid_sinds="date")
    assert isinstance(problem, Problem)
    assert str(problem) == (
        'readers.csv:2: the address has no @; "Lid sinds" holds "gisteren", which is '
        'not a date like 2024-05-03; "language" holds "Klingon", which is not a '
        'language tag such as "nl" or "pt-BR".'
    )


@pytest.mark.parametrize(
    "written",
    ["Kees Bos <Kees@example.org>", "<Kees@example.org>", "'Kees' <Kees@example.org >"],
)
def test_address_behind_a_name_is_read(written: str) -> None:
    assert rows(f"email;since\n{written};\n") == [
        Row(2, "Kees@example.org", "kees@example.org")
    ]


def test_addresses_behind_names_are_not_one() -> None:
    (problem,) = rows("email;since\nA <a@example.org>, B <b@example.org>;\n")
    assert problem.message == "there is more than one address."


def test_dates_are_read_as_one_of_their_column_tells() -> None:
    assert dates("03/04/2022", "31/12/2022") == ["2022-04-03", "2022-12-31"]
    assert dates("03/04/2022", "12/31/2022") == ["2022-03-04", "2022-12-31"]


def test_dates_at_the_end_of_a_long_list_tell_of_the_first() -> None:
    assert dates("03/04/2022", *["05/06/2022"] * 5000, "12/31/2022")[0] == "2022-03-04"


def test_each_column_of_dates_has_its_own_order() -> None:
    text = "email;born;since\na@example.org;12/31/1980;3-4-2022\n"
    found = sheet(text, born="date", since="date")
    assert found.dates == {
        "born": DateOrder.MONTH_FIRST,
        "since": DateOrder.DAY_FIRST,
    }
    assert found.warnings == ()


def test_dates_that_leave_their_order_open_are_told() -> None:
    found = sheet("email;Lid sinds\na@example.org;03/04/2022\n", lid_sinds="date")
    assert found.warnings == (
        'readers.csv: the dates in "Lid sinds" may have the day or the month first; '
        "they are read as day-month-year. If that is wrong: --dates month-day-year.",
    )
    assert dates("03/04/2022") == ["2022-04-03"]


def test_dates_are_read_as_the_editor_says() -> None:
    told = DateOrder.MONTH_FIRST
    assert dates("03/04/2022", told=told) == ["2022-03-04"]
    assert dates("03-04-2022", told=told) == ["2022-03-04"]
    mixed = dates("03/04/2022", "31/12/2022", "12/31/2022", told=told)
    assert mixed == ["2022-03-04", "2022-12-31", "2022-12-31"]
    text = "email;since\na@example.org;03/04/2022\n"
    assert sheet(text, DateOrder.MONTH_FIRST).warnings == ()


def test_dates_of_a_column_that_decides_are_read_as_it_says() -> None:
    written = ("03/04/2022", "31/12/2022")
    assert dates(*written, told=DateOrder.MONTH_FIRST) == ["2022-04-03", "2022-12-31"]


def test_dates_of_both_orders_are_read_where_only_one_fits() -> None:
    written = ("31/12/2022", "12/31/2022", "03/04/2022", "2022-05-06", "7.8.2022")
    assert dates(*written) == [
        "2022-12-31",
        "2022-12-31",
        "",
        "2022-05-06",
        "2022-08-07",
    ]
    text = "email;since\n" + "".join(f"a@example.org;{date}\n" for date in written)
    found = sheet(text)
    assert found.warnings == (
        'readers.csv: in "since" some dates have the day first, others the month; '
        "what may be either is not used. Say how to read it: --dates day-month-year, "
        "or month-day-year.",
    )
    told = [row.omissions for row in read_rows(found) if isinstance(row, Row)]
    assert told[2] == [
        Omission(
            "since", '"03/04/2022", which may begin with the day or with the month'
        )
    ]


def test_dates_of_a_list_with_the_year_first_have_no_order() -> None:
    found = sheet("email;since\na@example.org;2022-04-03 00:00:00\n")
    assert (found.dates, found.warnings) == ({}, ())
    (row,) = read_rows(found)
    assert isinstance(row, Row)
    assert row.fields == {"since": "2022-04-03"}


@pytest.mark.parametrize(
    ("written", "language"),
    [
        ("nl", "nl"),
        ("NL", "nl"),
        ("nl_NL", "nl-NL"),
        ("pt_br", "pt-BR"),
        ("zh-hant", "zh-Hant"),
        ("Nederlands", "nl"),
        ("DUTCH", "nl"),
        ("Deutsch", "de"),
        ("franc\u0327ais", "fr"),
        ("Francais", "fr"),
        ("néerlandais", "nl"),
        ("العربية", "ar"),
        ("الهولندية", "nl"),
        ("dut", "nl"),
        ("GER-at", "de-AT"),
        ("tur", "tr"),
        ("kok", "kok"),
        ("apc", "apc"),
        ("Eng", "en"),
        ("iw", "iw"),
        ("", ""),
    ],
)
def test_language_is_known_without_being_declared(written: str, language: str) -> None:
    (row,) = rows(f"email,Taal\na@example.org,{written}\n")
    assert row.fields == ({"language": language} if language else {})


@pytest.mark.parametrize("written", ["Ned", "xq", "Dui", "ned-NL"])
def test_language_whose_code_nobody_knows_is_left_out_and_told(written: str) -> None:
    (row,) = rows(f"email,Taal\na@example.org,{written}\n")
    told = f'"{written}", which is not a language tag such as "nl" or "pt-BR"'
    assert row == Row(
        2, "a@example.org", "a@example.org", {}, [Omission("language", told)]
    )
