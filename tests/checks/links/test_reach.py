from ipaddress import ip_network

import pytest

from newsletter.checks.links.reach import refusal
from newsletter.model.link import Fault


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - nobody listens here
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.254",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.1.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "168.63.129.16",
        "100.100.100.200",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_address_that_is_not_public_is_refused(address: str) -> None:
    assert refusal(address, 443) is Fault.PRIVATE_ADDRESS


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "93.184.216.34",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.255.255",
        "172.32.0.1",
        "192.0.1.1",
        "223.255.255.255",
        "::ffff:93.184.216.34",
        "64:ff9b::5db8:d822",
        "2606:4700::1111",
        "2a00:1450:4001:80f::200e",
    ],
)
def test_public_address_is_let_pass(address: str) -> None:
    assert refusal(address, 443) is None


@pytest.mark.parametrize("port", [80, 443, 8080, 8443])
def test_port_of_web_pages_is_let_pass(port: int) -> None:
    assert refusal("1.1.1.1", port) is None


@pytest.mark.parametrize("port", [0, 22, 25, 3306, 6379, 65535])
def test_other_port_is_refused(port: int) -> None:
    assert refusal("1.1.1.1", port) is Fault.UNUSUAL_PORT


def test_allowed_network_is_let_pass_on_any_port() -> None:
    allowed = [ip_network("10.1.0.0/16")]
    assert refusal("10.1.2.3", 3000, allowed) is None
    assert refusal("::ffff:10.1.2.3", 3000, allowed) is None
    assert refusal("10.2.0.1", 443, allowed) is Fault.PRIVATE_ADDRESS


@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254"])
def test_metadata_address_is_refused_even_where_allowed(address: str) -> None:
    everything = [ip_network("0.0.0.0/0"), ip_network("::/0")]
    assert refusal(address, 80, everything) is Fault.PRIVATE_ADDRESS
