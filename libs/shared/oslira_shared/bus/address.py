"""Checks the bus's address before connecting: a wrong part is named, and nothing of the address is repeated."""

import re
from typing import Final
from urllib.parse import urlsplit

_SCHEMES: Final = frozenset({"nats", "tls"})
_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_MOST_PORT: Final = 65_535


def nats_url_fault(url: str) -> str | None:  # noqa: PLR0911  # one line for each part
    """What is wrong with it, without any part of it; None for a valid address."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _SCHEMES:
        return "its scheme has to be nats:// or tls://"
    if " " in url or any(ord(letter) < ord(" ") for letter in url):
        return "it has white space or a line break in it"
    if "," in rest:
        return "it names several servers: one is enough, since it names the others of its cluster"
    login, _, host = rest.rpartition("@")
    if "@" in login or _ESCAPE.search(login) or any(one in login for one in "/?#"):
        return "user or password have characters that must be percent-encoded (@ is %40, : %3A, / %2F, % %25)"
    if any(one in host.rstrip("/") for one in "/?#"):
        return "it has more than a scheme, a login, a host and a port"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "its port has to be a number from 1 to 65535"
    if not parts.hostname:
        return "its host is missing"
    if port is not None and not 0 < port <= _MOST_PORT:
        return "its port has to be a number from 1 to 65535"
    return None
