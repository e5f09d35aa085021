"""Private folders, while other commands look for those that were left."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from newsletter.store.workrooms import find_rooms

#: Each of these goes wrong within the first hundred, when it can.
TIMES = 300


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    """Have it done over and over by another thread."""
    is_over = threading.Event()

    def repeat() -> None:
        while not is_over.is_set():
            work()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def test_rooms_when_their_signs_come_and_go_are_looked_for_in_peace(
    tmp_path: Path,
) -> None:
    names = [f".newsletter-part-{number:08x}" for number in range(50)]
    for name in names:
        (tmp_path / "kept" / name).mkdir(parents=True)
    home = tmp_path / "home"
    home.mkdir()

    def come_and_go() -> None:
        for name in names:
            (home / name).symlink_to(tmp_path / "kept" / name)
        for name in names:
            (home / name).unlink()

    with meanwhile(come_and_go):
        found = {room for _ in range(TIMES) for room in find_rooms(home)}
    assert {room.parent for room in found} == {tmp_path / "kept"}
