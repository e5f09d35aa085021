import asyncio
import sys

import pytest
import uvloop

from newsletter.delivery.loop import run


async def which() -> type[asyncio.AbstractEventLoop]:
    return type(asyncio.get_running_loop())


def test_run_takes_uvloop_where_it_is_installed() -> None:
    assert run(which()) is uvloop.Loop


def test_run_without_uvloop_takes_pythons_own_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert run(which()) is asyncio.SelectorEventLoop
