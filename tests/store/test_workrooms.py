"""Private folders, while other commands look for those that were left."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from newsletter.store.workrooms import clear_rooms, find_rooms, workroom

#: Each of these goes wrong within the first hundred, when it can.
TIMES = 200


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
    (home / names[0]).symlink_to(tmp_path / "kept" / names.pop(0))

    def come_and_go() -> None:
        for name in names:
            (home / name).symlink_to(tmp_path / "kept" / name)
        for name in names:
            (home / name).unlink()

    with meanwhile(come_and_go):
        found = {room for _ in range(TIMES) for room in find_rooms(home)}
    assert {room.parent for room in found} == {tmp_path / "kept"}


def test_room_while_another_command_clears_up_stays_its_own(tmp_path: Path) -> None:
    with meanwhile(lambda: clear_rooms(tmp_path)):
        for _ in range(TIMES):
            with workroom(tmp_path, sign_in=tmp_path) as room:
                (room / "copy.db").write_text("copy")
                assert sorted(one.name for one in room.iterdir()) == [
                    ".gitignore",
                    "copy.db",
                    "lock",
                ]
    assert list(tmp_path.iterdir()) == []
