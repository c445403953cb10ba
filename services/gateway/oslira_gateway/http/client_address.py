"""The client's address. Only this module reads forwarded addresses, because any client can send that header.

Each proxy appends the address of its peer, so only addresses appended by trusted proxies count: the first address from the right that
is not a trusted proxy is the client. Addresses further left are sent by the client.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_FORWARDED: Final = b"x-forwarded-for"
# Connections without an address (unix sockets) count as one client, which is not a proxy.
_UNKNOWN: Final = IPv4Address(0)
# A client with one IPv6 address has its whole /64.
_IPV6_PREFIX: Final = 64


def client_address(scope: Mapping[str, Any], trusted: Sequence[Network]) -> Address:
    """The client of an ASGI connection; `trusted` are the networks of our own proxies (TRUSTED_PROXIES)."""
    peer = scope.get("client")
    address = (_address(peer[0]) if peer else None) or _UNKNOWN
    if not _is_trusted(address, trusted):
        return address
    for hop in _hops(scope.get("headers", ())):
        forwarded = _address(hop)
        if (
            forwarded is None
        ):  # not an address: addresses further left are not trusted, so the proxy that sent it counts
            return address
        address = forwarded
        if not _is_trusted(address, trusted):
            return address
    return address


def counted_network(address: Address) -> Network:
    """The network that limits count: an IPv4 address, or the /64 of an IPv6 address."""
    if isinstance(address, IPv4Address):
        return IPv4Network(address)
    return IPv6Network((int(address), _IPV6_PREFIX), strict=False)


def _is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return address != _UNKNOWN and any(
        address.version == network.version and address in network for network in trusted
    )


def _hops(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[str]:
    """From the right; several headers are one list."""
    lines = [value for name, value in headers if name.lower() == _FORWARDED]
    for line in reversed(lines):
        for hop in reversed(line.split(b",")):
            yield hop.decode("latin-1").strip()


def _address(text: str) -> Address | None:
    """Of `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`; an IPv4-mapped IPv6 address is returned as IPv4."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
