from newsletter.store.database import Database
from newsletter.store.rate_limits import Marks, change_marks


def test_change_marks_keeps_exactly_what_the_step_returns(database: Database) -> None:
    seen: list[Marks] = []

    def step(before: Marks) -> tuple[str, Marks]:
        seen.append(before)
        return "answer", {"pace 1/1": (len(seen), 0), f"part {len(seen)}": (5, 7)}

    for _ in range(3):
        with database.writing() as connection:
            assert change_marks(connection, step) == "answer"
    assert seen == [
        {},
        {"pace 1/1": (1, 0), "part 1": (5, 7)},
        {"pace 1/1": (2, 0), "part 2": (5, 7)},
    ]
