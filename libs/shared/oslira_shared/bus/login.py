"""How a connection to the bus authenticates, and which server certificates it trusts."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faststream.nats.security import NatsSecurity


@dataclass(frozen=True, slots=True)
class Login:
    """`seed` is a user's nkey seed; without one the URL holds user and password, which is for development only.

    `ca_file` replaces the system's certificate authorities, where the URL is `tls://`; `cert_file` and `key_file` are
    our own certificate where the server requires one.
    """

    seed: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def for_broker(self, url: str) -> "NatsSecurity | None":
        """In FastStream's form."""
        # Half of what a refused start would take; settings need this class, and not that package.
        from faststream.nats.security import NatsNKey, NatsSecurity  # noqa: PLC0415

        context = self._context(url)
        if self.seed is not None:
            return NatsNKey.from_seed(self.seed, ssl_context=context)
        return NatsSecurity(ssl_context=context) if context is not None else None

    def for_client(self, url: str) -> dict[str, Any]:
        """In the form of `nats.connect`."""
        context = self._context(url)
        return {
            **({"nkeys_seed_str": self.seed} if self.seed is not None else {}),
            **({"tls": context} if context is not None else {}),
        }

    def _context(self, url: str) -> ssl.SSLContext | None:
        if not needs_tls(url):
            return None
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.cert_file is not None:
            context.load_cert_chain(self.cert_file, self.key_file)
        return context


def needs_tls(url: str) -> bool:
    """Whether the connection must be encrypted: the client by itself would accept what the server offers."""
    return url.startswith("tls://")
