"""docs/sending.md tells the states as the program has them."""

import re
from pathlib import Path

from newsletter.model.delivery import TRANSITIONS, DeliveryState, DispatchState

_PAGE = (Path(__file__).resolve().parents[2] / "docs" / "sending.md").read_text(
    encoding="utf-8"
)


def _table(heading: str) -> list[list[str]]:
    """Return the rows of the table whose first column has this heading."""
    lines = _PAGE[_PAGE.index(f"| {heading} |") :].splitlines()[2:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def test_the_states_of_a_delivery_are_those_of_the_table() -> None:
    told = {state: changes for state, _, changes in _table("state")}
    known = {
        state.name.lower(): ", ".join(sorted(s.name.lower() for s in after)) or "–"
        for state, after in TRANSITIONS.items()
    }
    assert told == known


def test_the_states_of_a_dispatch_are_all_told() -> None:
    assert [row[0] for row in _table("dispatch")] == [
        state.value for state in DispatchState
    ]


def test_the_json_has_every_state() -> None:
    shape = re.search(r'\{"dispatch": 7.*?\}', _PAGE, re.DOTALL)
    assert shape is not None
    for state in DeliveryState:
        assert f'"{state.name.lower()}":' in shape[0]
