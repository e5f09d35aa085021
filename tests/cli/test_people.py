import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.cli.people import (
    person_lines,
    print_json_with,
    private_csv,
    write_csv,
)
from newsletter.errors import OperationError
from newsletter.model.delivery import DeliveryState
from newsletter.model.outcome import Reply
from newsletter.reasons import explain_delivery
from newsletter.workflow.people_table import person_row
from newsletter.workflow.reached import Person

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def person(email: str = "anna@example.org", reply: Reply | None = None) -> Person:
    state = DeliveryState.REFUSED
    return Person(email, state, explain_delivery(state, reply), reply, AT)


GONE = Reply(550, "no such user", "5.1.1")


def test_csv_has_words_first_and_the_servers_own_ones_last() -> None:
    file = io.StringIO()
    assert write_csv(file, [person(reply=GONE)]) == 1
    header, row = csv.reader(io.StringIO(file.getvalue()))
    assert dict(zip(header, row, strict=True)) == {
        "email": "anna@example.org",
        "reason": "This mailbox does not exist.",
        "what_to_do": "Remove the address, or ask for a new one.",
        "state": "refused",
        "code": "550",
        "said": "5.1.1 no such user",
        "at": "2026-03-01T12:00:00Z",
        "message_id": "",
        "returned": "",
    }


@pytest.mark.parametrize("said", ["=1+1", "+1", "-1", "@sum", '=HYPERLINK("x")'])
def test_csv_holds_nothing_that_a_spreadsheet_computes(said: str) -> None:
    file = io.StringIO()
    write_csv(file, [person(said + "@example.org", Reply(550, said))])
    _, row = csv.reader(io.StringIO(file.getvalue()))
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


def test_who_was_forgotten_is_named_so() -> None:
    assert next(person_lines([person("")], columns=80)) == "(forgotten)"


def test_our_own_words_are_not_shown_as_a_servers() -> None:
    found = person_row(person(reply=Reply(0, "the field holds a line break")))
    assert (found["code"], found["said"]) == (None, "")
    assert found["reason"] == "The field holds a line break."


def test_json_is_one_object_whose_list_was_never_whole(
    capsys: pytest.CaptureFixture[str],
) -> None:
    taken = []

    def rows() -> Iterator[dict[str, object]]:
        for number in range(3):
            taken.append(number)
            yield {"email": f"p{number}@example.org"}

    print_json_with({"dispatch": 1, "total": 3}, {"not_reached": rows()})
    assert json.loads(capsys.readouterr().out) == {
        "dispatch": 1,
        "total": 3,
        "not_reached": [{"email": f"p{number}@example.org"} for number in taken],
    }
    print_json_with({"dispatch": 1}, {"not_reached": []})
    assert json.loads(capsys.readouterr().out) == {"dispatch": 1, "not_reached": []}


def test_lines_for_a_terminal_are_wrapped_and_end_in_time() -> None:
    people = [person(f"p{number}@example.org", GONE) for number in range(9)]
    lines = list(person_lines(people, columns=40, most=2))
    assert lines == [
        line
        for number in range(2)
        for line in (
            f"p{number}@example.org",
            "    This mailbox does not exist.",
            "    Remove the address, or ask for a new",
            "    one.",
            "    It said: 550 5.1.1 no such user",
        )
    ]


def test_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    path = tmp_path / "none" / "left.csv"
    with pytest.raises(OperationError) as caught, private_csv(path):
        pass
    assert str(caught.value) == (
        f"{path}: cannot write it: No such file or directory. Choose another file."
    )
