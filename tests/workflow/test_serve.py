import asyncio
import http.client
import socket
import time

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from newsletter.errors import OperationError
from newsletter.workflow.serve import Listener, open_listener, serving


async def slow(_: Request) -> Response:
    await asyncio.sleep(30)
    return PlainTextResponse("late")


async def quick(_: Request) -> Response:
    return PlainTextResponse("here")


APP = Starlette(routes=[Route("/", quick), Route("/slow", slow)])


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
