"""Two clients, by type: one acts as the service, one as a user under row-level security."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from oslira_shared.postgres.address import password_of

Record: TypeAlias = asyncpg.Record
if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[Record] | PoolConnectionProxy[Record]
    Pool: TypeAlias = asyncpg.Pool[Record]
else:  # asyncpg's own classes take no parameters
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool

# The server's own limits, for a client that can't cancel any more: a frozen process must not hold its locks.
_SERVER_LIMITS: Final = {
    "statement_timeout": "20s",
    "idle_in_transaction_session_timeout": "30s",
}

# The roles a request may act as; a token with any other role is rejected before it gets here.
USER_ROLES: Final = frozenset({"anon", "authenticated"})


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """`connect_s`: for a new connection, or one of the pool. `statement_s`: for one statement."""

    connect_s: float = 10.0
    statement_s: float = 15.0


_LIMITS: Final = PoolLimits()


class _BoundedPool(asyncpg.Pool):
    """Waits for a free connection no longer than for a new one, by default: asyncpg would wait without limit.

    It also records whether the last new connection failed, which the open ones don't show, and tries other passwords where ours
    is rejected.
    """

    __slots__ = ("_acquire_s", "_other_passwords", "_password", "last_failure")

    def __init__(
        self,
        url: str,
        *,
        limits: PoolLimits,
        other_passwords: Callable[[], Awaitable[Sequence[str]]] | None,
        **options: Any,
    ) -> None:
        super().__init__(
            url,
            timeout=limits.connect_s,
            command_timeout=limits.statement_s,
            connect=self._connect_and_note,
            **options,
        )
        self._acquire_s = limits.connect_s
        self._other_passwords = other_passwords
        # The one that the server took last, where it isn't the address's.
        self._password: str | None = None
        self.last_failure: str | None = None

    async def _connect_and_note(self, *args: Any, **options: Any) -> Any:
        try:
            connection = await self._connect_by_password(args, options)
        except Exception as error:
            self.last_failure = type(error).__name__
            raise
        self.last_failure = None
        return connection

    async def _connect_by_password(self, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """A rotation changes the server's password before ours, or ours before the server's: either may be the one it takes."""
        known = options if self._password is None else {**options, "password": self._password}
        try:
            return await asyncpg.connect(*args, **known)
        except asyncpg.InvalidPasswordError:
            if self._other_passwords is None:
                raise
            given = [] if self._password is None else [options.get("password")]
            for password in (*given, *await self._other_passwords()):
                with suppress(asyncpg.InvalidPasswordError):
                    connection = await asyncpg.connect(*args, **{**options, "password": password})
                    self._password = password if isinstance(password, str) else None
                    return connection
            raise

    async def try_connecting(self) -> None:
        """Opens and closes a new connection. Raises the error that a request would get."""
        connection = await self._get_new_connection()  # pyright: ignore[reportAttributeAccessIssue]  # not in its stubs
        await connection.close()

    def acquire(self, *, timeout: float | None = None) -> Any:  # asyncpg's own parameter
        """Raises TimeoutError. The limit also covers the release of the connection."""
        return super().acquire(timeout=timeout or self._acquire_s)


async def database_state(pool: Pool) -> str:
    """For /health/ready: `ok`, or what fails. Open connections still work when the server accepts no new ones (a changed password).

    After a failed attempt another one is made here: requests may not arrive any more, since this is not ready.
    """
    if await pool.fetchval("select 1") != 1:
        return "failing"
    if isinstance(pool, _BoundedPool) and pool.last_failure is not None:
        await pool.try_connecting()
    return "ok"


async def open_pool(
    url: str,
    *,
    service: str,
    min_size: int = 2,
    max_size: int = 12,
    pooled_url: bool = False,
    current_url: Callable[[], str] | None = None,
    other_passwords: Callable[[], Awaitable[Sequence[str]]] | None = None,
    limits: PoolLimits = _LIMITS,
) -> Pool:
    """A pool whose json columns are Python values.

    `limits`: exceeding them raises TimeoutError. `pooled_url`: behind a transaction pooler, so no prepared statements and no
    session settings. `current_url`: called for the password of each new connection, which may have been changed since.
    `other_passwords`: called where the server rejects it; the first that it takes is used from then on.
    """
    session = {} if pooled_url else _SERVER_LIMITS
    return await _BoundedPool(
        url,
        limits=limits,
        other_passwords=other_passwords,
        password=(lambda: password_of(current_url())) if current_url is not None else None,
        min_size=min_size,
        max_size=max_size,
        max_queries=50_000,
        max_inactive_connection_lifetime=300.0,
        init=_prepare,
        # asyncpg's own reset is a round trip per release; nothing of ours outlives its transaction.
        reset=_keep,
        loop=None,
        connection_class=asyncpg.Connection,
        record_class=asyncpg.Record,
        statement_cache_size=0 if pooled_url else 256,
        server_settings={"application_name": f"oslira_{service}", **session},
    )


async def _prepare(connection: Connection) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind, encoder=json.dumps, decoder=json.loads, schema="pg_catalog", format="text"
        )


async def _keep(_connection: Connection) -> None:
    pass


class AdminClient:
    """The service's own login role. For system work; a route that uses it must say why."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Connection]:
        """A connection outside a transaction: each statement commits by itself."""
        async with self._pool.acquire() as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Connection]:
        """A connection in a transaction that commits when the block ends, or rolls back when it raises."""
        async with self._pool.acquire() as connection, connection.transaction():
            yield connection


class UserClient:
    """Transactions that run as the token's user. Role and claims last exactly as long as the transaction."""

    def __init__(self, pool: Pool, *, claims: Mapping[str, Any]) -> None:
        """`claims` come from a verified token; its `role` must be one of USER_ROLES (ValueError otherwise)."""
        self._role = str(claims.get("role", "anon"))
        if self._role not in USER_ROLES:
            raise ValueError(f"a user client cannot act as {self._role!r}")
        self._pool = pool
        self._claims = json.dumps(dict(claims), default=str)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Connection]:
        """A transaction under row-level security."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)",
                self._role,
                self._claims,
            )
            yield connection
