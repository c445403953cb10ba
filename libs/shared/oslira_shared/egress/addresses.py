"""Which addresses are public. Check the address of the connection, not a name."""

import ipaddress
from typing import Final

# What is routed on the internet; everything else in IPv6 is local, reserved or obsolete (::a.b.c.d, fec0::).
_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
# Public by their numbers, but a cloud's internal services: Azure's, and Oracle's within IETF's own block.
_METADATA: Final = (ipaddress.IPv4Network("168.63.129.16/32"), ipaddress.IPv4Network("192.0.0.0/24"))


def is_public(address: str) -> bool:
    """Whether an address is public, also if it wraps an IPv4 address in IPv6 (mapped, NAT64, 6to4).

    Raises ValueError for an invalid address.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv4Address):
        return _is_public_v4(found)
    if found.ipv4_mapped is not None:
        return _is_public_v4(found.ipv4_mapped)
    if found in _NAT64:
        return _is_public_v4(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF))
    if found.sixtofour is not None and not _is_public_v4(found.sixtofour):
        return False
    return found in _GLOBAL_UNICAST and found.is_global


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own. Raises ValueError for an invalid address."""
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (inner or found).is_loopback


def _is_public_v4(found: ipaddress.IPv4Address) -> bool:
    return found.is_global and not found.is_multicast and not any(found in block for block in _METADATA)
