"""Somebody wants us to mail strangers: what a thousand sign-ups bring about."""

from typing import Any
from urllib.parse import urlencode

import pytest


def join(
    town: Any, address: str, *, network: str, website: str = "", seconds_ago: float = 60
) -> int:
    """Send the form; returns the status of the answer."""
    form = {
        "email": address,
        "list": "main",
        "shown": town.form_token(seconds_ago),
        "website": website,
    }
    status: int = town.post("/join", urlencode(form), network=network).status
    return status


@pytest.fixture
def mailed(town: Any) -> Any:
    """Return what tells who was mailed since."""
    before = len(town.server.messages)

    def recipients() -> list[str]:
        town.send_notices()
        return sorted(mail.recipients[0] for mail in town.server.messages[before:])

    return recipients


def test_one_address_is_asked_once_a_day_however_often_it_is_typed(
    town: Any, mailed: Any
) -> None:
    for number in range(50):
        network = f"198.51.{number}.1"
        assert join(town, "victim@example.net", network=network) == 200
    assert mailed() == ["victim@example.net"]


def test_spellings_of_one_address_are_one(town: Any, mailed: Any) -> None:
    for number, address in enumerate(
        ("Second@Example.NET", "second@example.net", "SECOND@example.net")
    ):
        assert join(town, address, network=f"198.52.{number}.1") == 200
    assert len(mailed()) == 1


def test_a_network_is_let_through_ten_times_an_hour(town: Any, mailed: Any) -> None:
    statuses = [
        join(town, f"many{number}@example.net", network=f"203.0.113.{number}")
        for number in range(40)
    ]
    assert statuses == [200] * 10 + [429] * 30
    assert len(mailed()) == 10


def test_programs_that_fill_in_a_form_mail_nobody(town: Any, mailed: Any) -> None:
    """A field that nobody sees; too soon for a person; a form of last week.

    People may be quick, too: they are shown the form again.
    """
    network = "198.53.1.1"
    assert join(town, "p1@example.net", network=network, website="x") == 200
    assert join(town, "p2@example.net", network=network, seconds_ago=1) == 422
    assert join(town, "p3@example.net", network=network, seconds_ago=90_000) == 422
    assert mailed() == []


def test_all_networks_together_stop_at_the_limit_of_the_settings(
    town: Any, mailed: Any
) -> None:
    """It comes last: the limit holds for the hour."""
    statuses = [
        join(town, f"crowd{number}@example.net", network=f"100.{number}.7.1")
        for number in range(1, 120)
    ]
    assert statuses.count(429) > 0
    assert statuses[-1] == 429
    # Of this hour, the tests above included.
    assert len(mailed()) < 100
    assert len(town.server.messages) <= 4 + 100
    assert join(town, "late@example.net", network="9.9.9.9") == 429
