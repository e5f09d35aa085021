import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from newsletter.testing.smtp_server import SmtpServer

from .returns import Returns


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as running:
        yield running


@pytest.fixture
def returns(post: Any, server: SmtpServer) -> Returns:
    post.use_server(server.port)
    names = ["ann", "bob", "cem", "dan", "eva", "fay", "gus", "hal", "ivy"]
    post.add(*names)
    assert post.send(len(names)) == 0
    return Returns(post, server)


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for part in ("new", "cur", "tmp"):
        (tmp_path / "Mail" / part).mkdir(parents=True)
    return tmp_path / "Mail"


@pytest.fixture
def pipe(returns: Returns, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    def run(mail: bytes, *more: str) -> int:
        given = io.TextIOWrapper(io.BytesIO(mail))
        monkeypatch.setattr(sys, "stdin", given)
        code: int = returns.post.run("inbox", "--from", "-", *more)
        return code

    return run
