"""Which URLs an endpoint may have. The addresses that a host resolves to are checked when connecting, not here."""

import ipaddress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from oslira_shared.egress.addresses import is_loopback, is_public
from oslira_shared.errors import OsliraError

MAX_URL: Final = 2_000
# 443, and the ports that HTTPS servers commonly use in addition.
PORTS: Final = frozenset({443, 8443})
_HTTPS_PORT: Final = 443


@dataclass(frozen=True, slots=True)
class Destination:
    """The parts of a URL: where to connect, and which host to request."""

    scheme: str
    host: str
    port: int
    target: str


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Where webhooks may be sent. Only development allows this machine, plain HTTP and any port."""

    allows_loopback: bool = False

    def read(self, url: str) -> Destination:
        """Raises OsliraError `invalid_webhook_url` with what to change."""
        if len(url) > MAX_URL or not url.isascii() or any(c <= " " or c == "\x7f" for c in url):
            raise _refused("has to be plain ASCII without spaces, at most 2,000 characters")
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise _refused("is not a URL") from error
        schemes = ("https", "http") if self.allows_loopback else ("https",)
        if parts.scheme not in schemes or not host:
            raise _refused("has to begin with https://")
        if "@" in parts.netloc or "\\" in url or parts.fragment:
            raise _refused("may hold neither a user, a password nor a fragment")
        port = port if port is not None else _HTTPS_PORT if parts.scheme == "https" else 80
        if not self.allows_loopback and port not in PORTS:
            raise _refused("may name port 443 or 8443 only")
        self._check_literal(host)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Destination(parts.scheme, host, port, target)

    def permits(self, address: str) -> bool:
        """Whether a resolved address may be connected to."""
        return is_public(address) or (self.allows_loopback and is_loopback(address))

    def _check_literal(self, host: str) -> None:
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return
        if not self.permits(host):
            raise _refused("has to lead to a server on the public internet")


def _refused(why: str) -> OsliraError:
    return OsliraError("invalid_webhook_url", f"The URL {why}.")
