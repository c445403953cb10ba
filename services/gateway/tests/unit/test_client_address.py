"""Whose address counts, and that a forged header changes nothing."""

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from oslira_gateway.http.client_address import client_address, counted_network

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48"))
CLIENT = "203.0.113.7"
NOBODY = str(ip_address(0))


def _scope(peer: str | None, *forwarded: str) -> dict[str, Any]:
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    return {"client": (peer, 4711) if peer else None, "headers": headers}


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        pytest.param(CLIENT, ["192.0.2.1"], CLIENT, id="a stranger's header is not believed"),
        pytest.param("10.0.0.1", [CLIENT], CLIENT, id="one proxy"),
        pytest.param("10.0.0.1", [f"{CLIENT}, 10.0.0.2"], CLIENT, id="two proxies"),
        pytest.param(
            "10.0.0.1", [f"192.0.2.1, {CLIENT}, 10.0.0.2"], CLIENT, id="what the client forged is left of it"
        ),
        pytest.param("10.0.0.1", [f"10.9.9.9, {CLIENT}"], CLIENT, id="a forged proxy too"),
        pytest.param("10.0.0.1", ["192.0.2.1", CLIENT], CLIENT, id="several headers are one list"),
        pytest.param("10.0.0.1", [f"{CLIENT}:4711"], CLIENT, id="with a port"),
        pytest.param("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1", id="IPv6 with a port"),
        pytest.param("10.0.0.1", ["fe80::1%eth0"], "fe80::1", id="IPv6 with a zone"),
        pytest.param("::ffff:10.0.0.1", [f"::ffff:{CLIENT}"], CLIENT, id="IPv4 in IPv6's clothes"),
        pytest.param("2001:db8:ffff::1", [CLIENT], CLIENT, id="a proxy over IPv6"),
        pytest.param("10.0.0.1", [], "10.0.0.1", id="no header"),
        pytest.param("10.0.0.1", [f"{CLIENT}, unknown"], "10.0.0.1", id="nothing beyond what can't be read"),
        pytest.param("10.0.0.1", ["unknown, 10.0.0.2"], "10.0.0.2", id="up to what can't be read"),
        pytest.param("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3", id="proxies alone: the farthest"),
        pytest.param(None, [CLIENT], NOBODY, id="a unix socket"),
        pytest.param("not-an-address", [CLIENT], NOBODY, id="a peer without an address"),
    ],
)
def test_the_client_is_the_first_from_the_right_that_is_no_proxy(
    peer: str | None, forwarded: list[str], expected: str
) -> None:
    assert client_address(_scope(peer, *forwarded), TRUSTED) == ip_address(expected)


def test_without_trusted_proxies_the_peer_is_the_client() -> None:
    assert client_address(_scope("10.0.0.1", CLIENT), ()) == ip_address("10.0.0.1")


def test_ipv6_counts_by_its_64_and_ipv4_whole() -> None:
    assert counted_network(ip_address("2001:db8::1")) == counted_network(ip_address("2001:db8::ffff:1"))
    assert counted_network(ip_address("2001:db8::1")) != counted_network(ip_address("2001:db8:0:1::1"))
    assert counted_network(ip_address("192.0.2.1")) != counted_network(ip_address("192.0.2.2"))
