"""What the stack and the tests need of a server, wherever it runs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class Server(Protocol):
    """A server on 127.0.0.1 whose port and data last over stop, kill and start."""

    @property
    def name(self) -> str: ...

    @property
    def port(self) -> int: ...

    async def start(self) -> None:
        """Returns when it serves. Raises DidNotStart with the end of its log."""
        ...

    async def stop(self) -> None:
        """Ask it to end, then kill it. It has ended when this returns."""
        ...

    async def kill(self) -> None:
        """End it as a crash would."""
        ...

    async def discard(self) -> None:
        """Kill it at once, and delete its data: for tests."""
        ...

    @property
    def pid(self) -> int | None:
        """Its first process on this machine; None while it is stopped. Blocks."""
        ...

    def log_text(self) -> str:
        """All it wrote. Blocks."""
        ...


class Nats(Server, Protocol):
    @property
    def ca_file(self) -> Path | None:
        """The authority of its certificate; None: it has no TLS."""
        ...

    @property
    def address(self) -> str:
        """Without a login, for who has an nkey seed."""
        ...

    def url(self, user: str) -> str:
        """With that user's password.

        Users are those of bus/permissions.py, with those permissions; on a throw-away server also `tester`, who may do
        everything.
        """
        ...

    async def wipe(self) -> None:
        """Delete everything it stored. Only while it is stopped."""
        ...


class Postgres(Server, Protocol):
    @property
    def options(self) -> str:
        """What ends each address: empty, or how the server's certificate is verified."""
        ...

    @property
    def location(self) -> str:
        """Where its data lies, for people."""
        ...

    def url(self, role: str, *, database: str = "oslira") -> str:
        """With that role's password: the migrator, or a service's login role once migrations have made it.

        With TLS it verifies the server's certificate, and names its authority.
        """
        ...


class S3(Server, Protocol):
    """With one bucket, made at start."""

    @property
    def endpoint_url(self) -> str: ...

    @property
    def bucket(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Servers:
    nats: Nats
    postgres: Postgres
    s3: S3

    def all(self) -> tuple[Server, ...]:
        return (self.nats, self.postgres, self.s3)
