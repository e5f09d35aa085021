"""Make newsletter/clients/support.tsv, the table of what mail programs support.

    python tools/make_client_support.py client-support.json support.tsv

The JSON holds facts of the caniemail dataset: for each feature its title, the date of
its last test and, for each client and platform, the newest tested version. The same
input gives the same bytes. Features that no mail of ours can have, and clients that are
gone or hardly tested, are left out.
"""

import json
import sys
from pathlib import Path
from typing import Any

HEADER = """\
# What mail programs support: facts of caniemail.com, 2026-06-29.
# Made by tools/make_client_support.py; a change by hand is lost.
#
# MIT License
#
# Copyright (c) 2019 Rémi Parmentier
#
# Permission is hereby granted, free of charge, to any person obtaining a copy
# of this software and associated documentation files (the "Software"), to deal
# in the Software without restriction, including without limitation the rights
# to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
# copies of the Software, and to permit persons to whom the Software is
# furnished to do so, subject to the following conditions:
#
# The above copyright notice and this permission notice shall be included in all
# copies or substantial portions of the Software.
#
# THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
# IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
# FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
# AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
# LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
# OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
# SOFTWARE.
#
# A line "letter = client/platform" for each program; then a line for each feature: id,
# date of its last test, and its cells. "n2019=A": no support in version 2019 of program
# A; a version like 2024-03 is the month of the test. y: yes, p: partial, u: unknown.
"""

#: AMP and BIMI are no part of the HTML; a comment does no harm anywhere.
LEFT_OUT_FEATURES = frozenset({"amp", "bimi", "html-comments"})

#: Windows Mail was withdrawn at the end of 2024; HEY and Fastmail are hardly used in
#: Europe; the others have a handful of tests, at most 34 of 307.
LEFT_OUT_TARGETS = frozenset(
    {
        "outlook/windows-mail",
        "fastmail/desktop-webmail",
        "free-fr/desktop-webmail",
        "hey/desktop-webmail",
        "laposte/android",
        "laposte/ios",
        "rainloop/desktop-webmail",
        "t-online-de/desktop-webmail",
        "wp-pl/desktop-webmail",
    }
)

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def make_table(features: dict[str, Any]) -> str:
    """Return the table as text."""
    kept = {k: v for k, v in sorted(features.items()) if k not in LEFT_OUT_FEATURES}
    tested = {target for value in kept.values() for target in value["support"]}
    targets = sorted(tested - LEFT_OUT_TARGETS)
    letters = dict(zip(targets, LETTERS, strict=False))
    if len(letters) < len(targets):
        message = "there are more programs than letters"
        raise ValueError(message)
    lines = [f"{letter} = {target}" for target, letter in letters.items()]
    lines += [_line(name, value, letters) for name, value in kept.items()]
    return HEADER + "\n".join(lines) + "\n"


def _line(name: str, value: dict[str, Any], letters: dict[str, str]) -> str:
    cells: dict[tuple[str, str], str] = {}
    for target, letter in letters.items():
        cell = value["support"].get(target)
        if cell:
            key = (cell["support"][0], cell["version"].replace(" ", "-"))
            cells[key] = cells.get(key, "") + letter
    groups = (f"{support}{version}={at}" for (support, version), at in cells.items())
    return "\t".join((name, value["tested"], " ".join(sorted(groups))))


def main() -> None:
    """Read the JSON named first, write the table named second."""
    source, target = map(Path, sys.argv[1:])
    features = json.loads(source.read_text(encoding="utf-8"))
    target.write_text(make_table(features), encoding="utf-8")


if __name__ == "__main__":
    main()
