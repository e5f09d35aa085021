import pytest

from newsletter.web.proxies import client_network


def network(peer: str | None, forwarded: str | list[str] = "", hops: int = 0) -> str:
    lines = [forwarded] if isinstance(forwarded, str) else forwarded
    headers = [(b"x-forwarded-for", line.encode("latin-1")) for line in lines if line]
    client = None if peer is None else (peer, 50_000)
    return client_network({"type": "http", "client": client, "headers": headers}, hops)


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("8.8.8.8", "8.8.8.0/24"),
        ("2a01:4f8:1:2:3:4:5:6", "2a01:4f8:1:2::/64"),
        ("::ffff:8.8.4.4", "8.8.4.0/24"),
        ("fe80::1%eth0", ""),
        ("127.0.0.1", ""),
        ("10.1.2.3", ""),
        ("::1", ""),
        (None, ""),
        ("", ""),
        ("testclient", ""),
    ],
)
def test_peer_counts_as_its_network_unless_it_is_a_proxy_nobody_told_of(
    peer: str | None, expected: str
) -> None:
    assert network(peer) == expected


def test_what_a_stranger_writes_into_the_header_is_not_believed() -> None:
    assert network("8.8.8.8", "1.1.1.1") == "8.8.8.0/24"
    assert network("127.0.0.1", "1.1.1.1") == ""


@pytest.mark.parametrize(
    ("forwarded", "hops", "expected"),
    [
        ("1.2.3.4", 1, "1.2.3.0/24"),
        ("6.6.6.6, 1.2.3.4", 1, "1.2.3.0/24"),
        ("6.6.6.6, 1.2.3.4, 10.0.0.9", 2, "1.2.3.0/24"),
        (["6.6.6.6", "1.2.3.4"], 1, "1.2.3.0/24"),
        ("1.2.3.4:5678", 1, "1.2.3.0/24"),
        ("2a01:4f8:1:2:3:4:5:6", 1, "2a01:4f8:1:2::/64"),
        ("[2a01:4f8:1:2:3:4:5:6]:443", 1, "2a01:4f8:1:2::/64"),
        ("::ffff:1.2.3.4", 1, "1.2.3.0/24"),
    ],
)
def test_entry_that_our_outermost_proxy_wrote_is_believed(
    forwarded: str | list[str], hops: int, expected: str
) -> None:
    assert network("127.0.0.1", forwarded, hops) == expected


@pytest.mark.parametrize(
    "forwarded",
    ["", "unknown", "_hidden", "1.2.3", ", ,", "é", "1.2.3.4, unknown", "x" * 9000],
)
def test_junk_falls_back_to_the_peer(forwarded: str) -> None:
    assert network("8.8.8.8", forwarded, 1) == "8.8.8.0/24"
    assert network("127.0.0.1", forwarded, 1) == ""


def test_fewer_entries_than_proxies_falls_back_to_the_peer() -> None:
    assert network("8.8.8.8", "1.2.3.4", 2) == "8.8.8.0/24"
