from collections.abc import Mapping
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import DefinitionError, UsageError
from newsletter.model.problem import Place, Problem
from newsletter.model.settings import FieldType
from newsletter.subscribers.csv import open_csv
from newsletter.subscribers.rows import Row, read_rows
from newsletter.subscribers.sheet import Sheet, Wanted

FIELDS: Mapping[str, FieldType] = {"first_name": "text"}


def sheet(data: str | bytes, **fields: FieldType) -> Sheet:
    return opened(data, fields=fields or FIELDS)


def opened(data: str | bytes, **wanted: Any) -> Sheet:
    raw = data.encode() if isinstance(data, str) else data
    asked = Wanted("readers.csv", **{"fields": FIELDS} | wanted)
    return open_csv(lambda: BytesIO(raw), asked)


def rows(data: str | bytes, **fields: FieldType) -> list[Any]:
    return list(read_rows(sheet(data, **fields)))


def people(data: str | bytes) -> list[tuple[str, str]]:
    return [
        (row.email, row.fields.get("first_name", ""))
        for row in rows(data)
        if isinstance(row, Row)
    ]


def problems(data: str | bytes, **fields: FieldType) -> list[str]:
    return [str(row) for row in rows(data, **fields) if isinstance(row, Problem)]


TWO = "email;voornaam\nanna@example.org;Anna\nbjorn@example.org;Björn\n"


@pytest.mark.parametrize(
    "data",
    [
        TWO.encode(),
        TWO.encode("utf-8-sig"),
        TWO.encode("utf-16"),
        TWO.encode("utf-16-le"),
        TWO.encode("utf-16-be"),
        TWO.encode("cp1252"),
        TWO.replace("\n", "\r\n").encode(),
        TWO.replace("\n", "\r").encode(),
        TWO.rstrip().encode(),
        f"sep=;\n{TWO}".encode(),
        f"\n \n{TWO}".encode(),
        TWO.replace(";", ",").encode(),
        TWO.replace(";", "|").encode(),
        TWO.replace(";", "\t").encode("utf-16"),
        TWO.replace("Anna", '"Anna"').replace("Björn", ' "Björn"').encode(),
    ],
)
def test_rows_are_the_same_however_the_file_was_saved(data: bytes) -> None:
    assert people(data) == [
        ("anna@example.org", "Anna"),
        ("bjorn@example.org", "Björn"),
    ]


@pytest.mark.parametrize(
    "header",
    [
        "email,first_name",
        "E-mail,First name",
        "E-mailadres,Voornaam",
        "Mailadres,VOORNAAM",
        "adres,roepnaam",
        "E-Mail-Adresse,Vorname",
        "Adresse e-mail,Prénom",
        "Courriel,prenom",
        "Email Address,First Name",
    ],
)
def test_columns_are_found_by_the_words_people_use(header: str) -> None:
    assert people(f"{header}\nanna@example.org,Anna\n") == [
        ("anna@example.org", "Anna")
    ]


def test_column_of_mail_addresses_goes_before_one_of_streets() -> None:
    data = "Adres,Email\nDam 1,anna@example.org\n"
    assert people(data) == [("anna@example.org", "")]


def test_rows_without_a_header_are_read_when_there_is_one_column() -> None:
    assert people("anna@example.org\nbert@example.org\n") == [
        ("anna@example.org", ""),
        ("bert@example.org", ""),
    ]


def test_rows_are_numbered_as_a_spreadsheet_counts_them() -> None:
    data = 'email,note\na@example.org,"two\nlines"\n\nb@example.org,\n'
    assert [row.number for row in rows(data)] == [2, 4]


def test_row_when_address_has_capitals_keeps_them_and_has_a_key() -> None:
    assert rows("email\nAnna@Example.ORG\n") == [
        Row(2, "Anna@example.org", "anna@example.org")
    ]


def test_row_when_domain_has_letters_outside_ascii_is_converted() -> None:
    assert people("email\nanna@münchen.example\n") == [
        ("anna@xn--mnchen-3ya.example", "")
    ]


def test_row_when_guarded_against_formulas_loses_the_apostrophe() -> None:
    data = "email,first_name\nanna@example.org,'=SUM(1)\nbert@example.org,'t Hart\n"
    assert people(data) == [
        ("anna@example.org", "=SUM(1)"),
        ("bert@example.org", "'t Hart"),
    ]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("email\nanna.example.org\n", "readers.csv:2: the address has no @."),
        ("email,first_name\n,Anna\n", "readers.csv:2: the address is empty."),
        (
            "email\na@example.org b@example.org\n",
            "readers.csv:2: there is more than one address.",
        ),
        (
            "email,first_name\nanna@example.org,Anna,Delft\n",
            "readers.csv:2: this row has 3 cells, the header 2; "
            'write a value with "," in it between quotes.',
        ),
        (
            f"email,note\nanna@example.org,{'x' * 20_001}\n",
            "readers.csv:2: this row is longer than 20000 characters.",
        ),
        (
            'email,first_name\nanna@example.org,"Anna\n',
            "readers.csv:2: a quote in this row is not closed, "
            "or stands inside a value.",
        ),
        (
            'email,first_name\nanna@example.org,"Anna" Maria\n',
            "readers.csv:2: a quote in this row is not closed, "
            "or stands inside a value.",
        ),
    ],
)
def test_row_when_bad_is_reported_by_its_number(data: str, problem: str) -> None:
    assert problems(data) == [problem]


def test_rows_after_a_bad_one_are_read() -> None:
    data = (
        "email,first_name\nno address,x\nanna@example.org,Anna\n"
        'bert@example.org,"B" ert\ncleo@example.org,Cleo\nno address,x\n'
    )
    assert people(data) == [
        ("anna@example.org", "Anna"),
        ("cleo@example.org", "Cleo"),
    ]
    assert [problem.split(": ")[0] for problem in problems(data)] == [
        "readers.csv:2",
        "readers.csv:4",
        "readers.csv:6",
    ]


def test_rows_swallowed_by_an_open_quote_are_counted() -> None:
    data = 'email,first_name\na@example.org,"A\nb@example.org,B\nc@example.org,C\n'
    assert problems(data) == [
        "readers.csv:2: a quote in this row is not closed, or stands inside a value; "
        "3 lines from here on could not be read."
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "readers.csv: this file is empty. Is it the right one?"),
        (b"\xef\xbb\xbf", "readers.csv: this file is empty. Is it the right one?"),
        (b" \r\n", "readers.csv: this file is empty. Is it the right one?"),
        (
            b"PK\x03\x04xlsx",
            "readers.csv: this is a damaged spreadsheet or a zip archive. "
            'Open it in your spreadsheet and save it as "CSV UTF-8", or as .xlsx, '
            'which is read with: pip install "newsletter[xlsx]".',
        ),
        (
            b"\xd0\xcf\x11\xe0xls",
            "readers.csv: this is an old spreadsheet, not a CSV file. "
            'Open it in your spreadsheet and save it as "CSV UTF-8", or as .xlsx, '
            'which is read with: pip install "newsletter[xlsx]".',
        ),
        (
            b"\n <HTML><table><tr><td>anna@example.org</td></tr></table>",
            "readers.csv: this is a web page, not a CSV file. "
            'Open it in your spreadsheet and save it as "CSV UTF-8".',
        ),
        (
            b"email\n\x81\x8d",
            "readers.csv: this is not a text file. "
            'Open it in your spreadsheet and save it as "CSV UTF-8".',
        ),
        (
            b"email\nanna@example.org\n" * 100 + b"\0",
            "readers.csv: this is not a text file. "
            'Open it in your spreadsheet and save it as "CSV UTF-8".',
        ),
        (
            b"name,town\nAnna,Delft\n",
            "readers.csv:1: no column has addresses. "
            'Write "email" above theirs, or say what stands there: '
            '--map email="Contact"',
        ),
        (
            b"anna@example.org,Anna\n",
            "readers.csv:1: no column has addresses. "
            'Write "email" above theirs, or say what stands there: '
            '--map email="Contact"',
        ),
    ],
)
def test_file_when_it_is_no_list_says_what_to_do(data: bytes, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        sheet(data)
    assert str(caught.value) == message


def test_file_when_read_as_windows_text_says_so() -> None:
    assert sheet(TWO.encode("cp1252")).warnings == (
        "readers.csv is not UTF-8; it was read as Windows text (cp1252). "
        "Look whether letters with accents are right.",
    )


def test_file_when_columns_are_not_used_names_them() -> None:
    assert sheet("email,Phone,,Town\n").warnings == (
        'readers.csv: not used: "Phone", "Town". '
        "Declare them under [fields] in newsletter.toml to use them.",
    )


def test_problems_never_repeat_an_address() -> None:
    data = 'email,first_name\nanna@example.org x,A\n"anna"@example.org,B\nanna,C\n'
    assert len(problems(data)) == 3
    assert "anna" not in " ".join(problems(data))


def reading(data: str | bytes, **wanted: Any) -> str:
    return opened(data, **wanted).reading


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (TWO.encode(), "read as UTF-8, separated by semicolons"),
        (TWO.encode("utf-8-sig"), "read as UTF-8, separated by semicolons"),
        (TWO.encode("utf-16"), "read as UTF-16, separated by semicolons"),
        (
            TWO.encode("cp1252"),
            "read as Windows text (cp1252), separated by semicolons",
        ),
        (
            TWO.replace(";", "\t").encode(),
            "read as UTF-8, separated by tabs",
        ),
        (b"email\na@example.org\n", "read as UTF-8, one column"),
    ],
)
def test_file_says_how_it_was_read(data: bytes, told: str) -> None:
    assert reading(data) == told


def test_separator_is_found_by_the_rows_where_the_header_has_several_signs() -> None:
    data = "email;Name, first|last\n" + "anna@example.org;Anna\n" * 3
    assert reading(data) == "read as UTF-8, separated by semicolons"


def test_letters_beyond_the_first_block_decide_too() -> None:
    """The first that is not ASCII may come late in a long file."""
    line = b"email\n" + b"reader@example.org\n" * 120_000
    assert reading(line + "björn@example.org".encode()) == "read as UTF-8, one column"
    late = opened(line + "x@bücher.example".encode("cp1252"))
    assert late.encoding == "Windows text (cp1252)"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_encoding_that_is_told_may_have_a_mark_or_not(mark: str) -> None:
    (row,) = read_rows(opened(f"{mark}a@example.org\n", encoding="UTF-8"))
    assert isinstance(row, Row)
    assert row.email == "a@example.org"


def test_encoding_that_is_told_goes_before_all_that_is_found() -> None:
    data = "email;voornaam\nzoe@example.org;Zoë\n".encode("mac-roman")
    (row,) = read_rows(opened(data, encoding="mac-roman"))
    assert isinstance(row, Row)
    assert row.fields == {"first_name": "Zoë"}


@pytest.mark.parametrize("sign", [":", "~", "tab", "SEMICOLON"])
def test_separator_that_is_told_is_used(sign: str) -> None:
    written = {"tab": "\t", "SEMICOLON": ";"}.get(sign, sign)
    data = "email:voornaam\na@example.org:Anna\n".replace(":", written)
    (row,) = read_rows(opened(data, separator=sign))
    assert isinstance(row, Row)
    assert row.fields == {"first_name": "Anna"}


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (
            {"encoding": "klingon"},
            '--encoding: there is no encoding "klingon". '
            "Use for example utf-8, utf-16, cp1252 or mac-roman.",
        ),
        (
            {"separator": "and"},
            '--separator: "and" cannot separate cells. '
            "Use comma, semicolon, tab, pipe, or one other sign.",
        ),
        (
            {"mapping": (("first_nam", "voornaam"),)},
            '--map first_nam=voornaam: there is no field "first_nam". '
            'Did you mean "first_name"?',
        ),
        (
            {"mapping": (("shoe_size", "voornaam"),)},
            '--map shoe_size=voornaam: there is no field "shoe_size". '
            "Declare it in newsletter.toml with [fields.shoe_size].",
        ),
        (
            {"mapping": (("first_name", "vornaam"),)},
            '--map first_name=vornaam: there is no column "vornaam". '
            'Did you mean "voornaam"? There are: "email", "voornaam".',
        ),
        (
            {"mapping": (("email", "email"), ("email", "voornaam"))},
            "--map email=voornaam: email was given a column before.",
        ),
    ],
)
def test_file_when_what_is_told_of_it_cannot_be_says_why(
    wanted: Any, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        opened(TWO, **wanted)
    assert str(caught.value) == message


def test_headers_that_are_addresses_are_masked_where_they_are_named() -> None:
    with pytest.raises(UsageError) as caught:
        opened("anna@example.org;Anna\n", mapping=(("email", "Contact"),))
    assert str(caught.value) == (
        '--map email=Contact: there is no column "Contact". '
        'There are: "a***@example.org", "Anna".'
    )


def test_file_that_is_not_in_the_encoding_told_is_refused() -> None:
    with pytest.raises(DefinitionError) as caught:
        opened(TWO.encode("cp1252"), encoding="UTF8")
    assert str(caught.value) == (
        "readers.csv: this is not a text file. "
        "It is not UTF8; leave --encoding out to have it found."
    )


def test_columns_are_those_that_were_told() -> None:
    data = "Contact;E-mail;Note\nanna@example.org;old@example.org;Anna\n"
    mapping = (("email", "contact"), ("first_name", "Note"), ("-", "E-mail"))
    found = opened(data, mapping=mapping)
    assert list(read_rows(found)) == [
        Row(2, "anna@example.org", "anna@example.org", {"first_name": "Anna"})
    ]
    assert found.warnings == ()
    assert found.columns.names == {"email": "Contact", "first_name": "Note"}


def test_status_of_another_service_is_told_not_read() -> None:
    found = sheet("email,Status\na@example.org,unsubscribed\n")
    assert found.warnings == (
        'readers.csv: the column "Status" is not read: everybody in the file is taken '
        "for what --as says. Filter it in your spreadsheet, and import those who left "
        "first, with --as unsubscribed.",
    )


@pytest.mark.parametrize(
    "row",
    ['"' + "x\n" * 150_000 + '"', "x" * 3_000_000, '"a\n",' * 220_000],
    ids=["cell of many lines", "line without end", "row of many lines"],
)
def test_row_of_a_bomb_is_reported_and_not_kept(row: str) -> None:
    found = rows(f"email\nfirst@example.org\n{row}\nlast@example.org\n")
    assert found[0] == Row(2, "first@example.org", "first@example.org")
    assert isinstance(found[1], Problem)
    assert found[1].place.line == 3


def test_rows_after_a_line_without_end_are_read() -> None:
    found = rows(f"email\n{'x' * 3_000_000}\nlast@example.org\n")
    assert found == [
        Problem(Place("readers.csv", 2), "this row is longer than 20000 characters."),
        Row(3, "last@example.org", "last@example.org"),
    ]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        found = sheet(data)
    except DefinitionError:
        return
    list(read_rows(found))


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=300))
def test_any_text_below_a_header_gives_sound_rows(text: str) -> None:
    for row in rows(f"email,first_name\n{text}"):
        if isinstance(row, Row):
            assert row.number >= 2
            assert row.email.count("@") == 1
            assert row.email.isprintable()
            assert all(value.strip() for value in row.fields.values())
