import asyncio
import http.client
import socket
import time
from contextlib import ExitStack

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from newsletter.errors import OperationError
from newsletter.workflow.serve import Listener, open_listener, serving

#: More than what two sockets hold of an answer that nobody takes.
LARGE = 20_000_000


async def slow(_: Request) -> Response:
    await asyncio.sleep(30)
    return PlainTextResponse("late")


async def quick(_: Request) -> Response:
    return PlainTextResponse("here")


async def second(_: Request) -> Response:
    await asyncio.sleep(1)
    return PlainTextResponse("late")


async def read(request: Request) -> Response:
    return PlainTextResponse(await request.body())


async def large(_: Request) -> Response:
    return PlainTextResponse(b"x" * LARGE)


APP = Starlette(
    routes=[
        Route("/", quick),
        Route("/slow", slow),
        Route("/second", second),
        Route("/read", read, methods=["POST"]),
        Route("/large", large),
    ]
)


def get(listener: Listener, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", listener.port, timeout=5)
    connection.request("GET", path)
    with connection.getresponse() as answer:
        text = answer.read().decode()
    connection.close()
    return text


def test_open_listener_on_port_0_takes_a_free_one() -> None:
    listener = open_listener("127.0.0.1", 0)
    with listener.open_socket:
        assert listener.url == f"http://127.0.0.1:{listener.port}"
        assert listener.port > 0


def test_open_listener_on_a_taken_port_says_so() -> None:
    taken = open_listener("127.0.0.1", 0)
    with taken.open_socket, pytest.raises(OperationError) as caught:
        open_listener("127.0.0.1", taken.port)
    assert str(caught.value) == (
        f"could not listen on 127.0.0.1:{taken.port}: Address already in use. "
        "Choose another with --port."
    )


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),  # noqa: S104 - a value, nobody listens
        ("::1", "http://[::1]:80"),
        ("::", "http://[::1]:80"),
    ],
)
def test_url_of_a_listener_is_one_a_browser_here_can_open(host: str, url: str) -> None:
    with socket.socket() as unused:
        assert Listener(unused, host, 80).url == url


def test_serving_answers_while_the_block_runs() -> None:
    listener = open_listener("127.0.0.1", 0)
    with serving(APP, listener) as url:
        assert url == listener.url
        assert get(listener, "/") == "here"
    with pytest.raises(ConnectionRefusedError):
        get(listener, "/")


def test_serving_says_first_that_it_stops() -> None:
    told: list[str] = []
    with serving(
        APP, open_listener("127.0.0.1", 0), before_stop=lambda: told.append("stop")
    ):
        assert told == []
    assert told == ["stop"]


def test_serving_stops_within_two_seconds_with_a_request_under_way(
    caplog: pytest.LogCaptureFixture,
) -> None:
    listener = open_listener("127.0.0.1", 0)
    connection = http.client.HTTPConnection("127.0.0.1", listener.port, timeout=5)
    with serving(APP, listener):
        connection.request("GET", "/slow")
        time.sleep(0.1)
        started = time.monotonic()
    assert time.monotonic() - started < 2
    connection.close()
    assert "/slow" not in caplog.text


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET / HTTP/1.1\r\nHo",
        b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nema",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nema",
    ],
    ids=["nothing", "half a head", "half a body", "half a body nobody reads"],
)
def test_who_never_ends_a_request_keeps_nobody_from_asking(
    monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr("newsletter.workflow.serve._STANDSTILL_SECONDS", 0.2)
    listener = open_listener("127.0.0.1", 0)
    with serving(APP, listener), ExitStack() as stack:
        for _ in range(210):
            slow = socket.create_connection(("127.0.0.1", listener.port), timeout=5)
            stack.enter_context(slow).sendall(said)
        ends = time.monotonic() + 5
        while get(listener, "/") != "here":
            assert time.monotonic() < ends
            time.sleep(0.05)


def test_who_takes_long_to_be_answered_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("newsletter.workflow.serve._STANDSTILL_SECONDS", 0.1)
    listener = open_listener("127.0.0.1", 0)
    with serving(APP, listener):
        assert get(listener, "/second") == "late"


def test_who_does_not_take_the_answer_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.workflow.serve._STANDSTILL_SECONDS", 0.2)
    listener = open_listener("127.0.0.1", 0)
    with (
        serving(APP, listener),
        socket.create_connection(("127.0.0.1", listener.port), timeout=5) as slow,
    ):
        slow.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(1)
        size = 0
        while data := slow.recv(1 << 20):
            size += len(data)
    assert size < LARGE
