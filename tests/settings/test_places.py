"""Where settings stand in the file."""

import pytest

from newsletter.model.problem import Place
from newsletter.settings.places import locate_settings, place_of

_TEXT = '''\
# [newsletter] in a comment
top = 1
[newsletter]
name = "a = b"
  sender = "x"
about = """
[not.a.table]
fake = 1
"""
after = \'\'\'one line\'\'\'
[ lists . "main" ]  # the list
title = "t"
limits = [
  "300/hour",
]
[[server]]
host = "h"
[[server]]
host = "i"
[fields]
city = { type = "text" }
a.b = 1
'''


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        (("top",), 2, 1),
        (("newsletter",), 3, 1),
        (("newsletter", "name"), 4, 1),
        (("newsletter", "sender"), 5, 3),
        (("newsletter", "about"), 6, 1),
        (("newsletter", "after"), 10, 1),
        (("lists", "main"), 11, 1),
        (("lists", "main", "title"), 12, 1),
        (("lists", "main", "limits", 0), 13, 1),
        (("server",), 16, 1),
        (("server", 0), 16, 1),
        (("server", 0, "host"), 17, 1),
        (("server", 1), 18, 1),
        (("server", 1, "host"), 19, 1),
        (("fields", "city", "type"), 21, 1),
        (("fields", "a", "b"), 22, 1),
        (("newsletter", "fake"), 3, 1),
    ],
)
def test_setting_has_its_place(
    path: tuple[str | int, ...], line: int, column: int
) -> None:
    assert place_of(path, locate_settings(_TEXT, "n")) == Place("n", line, column)


def test_unknown_path_has_no_place() -> None:
    assert place_of(("web", "port"), locate_settings(_TEXT, "n")) is None
