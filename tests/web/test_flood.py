from datetime import UTC, datetime, timedelta

from newsletter.web.flood import Flood

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOME, OFFICE = "192.0.2.0/24", "2001:db8::/64"


def let_through(flood: Flood, network: str, times: int, now: datetime = NOW) -> int:
    return sum(flood.allows(network, now) for _ in range(times))


def test_one_network_gets_ten_an_hour() -> None:
    assert let_through(Flood(100), HOME, 50) == 10


def test_other_networks_are_not_kept_waiting_by_it() -> None:
    flood = Flood(100)
    let_through(flood, HOME, 50)
    assert let_through(flood, OFFICE, 10) == 10


def test_all_together_get_what_the_settings_say() -> None:
    flood = Flood(25)
    networks = [f"198.51.{number}.0/24" for number in range(100)]
    assert sum(flood.allows(network, NOW) for network in networks) == 25


def test_zero_lets_nobody_through() -> None:
    assert let_through(Flood(0), HOME, 5) == 0


def test_unknown_network_is_counted_with_all_others_alone() -> None:
    assert let_through(Flood(100), "", 150) == 100


def test_whoever_was_refused_is_let_through_an_hour_later() -> None:
    flood = Flood(100)
    let_through(flood, HOME, 50)
    assert not flood.allows(HOME, NOW + HOUR - timedelta(seconds=1))
    assert let_through(flood, HOME, 50, NOW + HOUR) == 10


def test_who_is_refused_does_not_count() -> None:
    flood = Flood(100)
    let_through(flood, HOME, 1000)
    assert let_through(flood, "", 100) == 90


def test_nothing_is_kept_of_a_network_and_nothing_of_an_earlier_hour() -> None:
    flood = Flood(100)
    let_through(flood, HOME, 3)
    assert HOME not in repr(flood)
    flood.allows("", NOW + HOUR)
    assert len(flood._counts) == 1


def test_two_processes_know_the_same_network_by_other_codes() -> None:
    first, second = Flood(100), Flood(100)
    let_through(first, HOME, 1)
    let_through(second, HOME, 1)
    assert first._counts.keys() != second._counts.keys()
