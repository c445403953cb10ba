"""Retries statements: while Postgres is unavailable, or when it rolled them back in favour of another transaction."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import asyncpg
import structlog

_LOG = structlog.get_logger()
_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 1.0
# The connection or the server was lost, is starting, has no room, is a standby that takes no writes yet, or rejects our login: a
# password is changed there before it is changed here. Whether the statement was committed is unknown.
AWAY: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that broke during a write
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.PostgresSystemError,
)
_MOST_ROLLBACKS: Final = 5
T = TypeVar("T")


async def despite_conflicts(statement: Callable[[], Awaitable[T]], *, name: str) -> T:
    """The result of `statement`, retried if Postgres rolled it back to end a deadlock or a conflict: it changed nothing.

    Raises the last error after five tries, and any other at once.
    """
    for _ in range(_MOST_ROLLBACKS - 1):
        try:
            return await statement()
        except asyncpg.TransactionRollbackError as error:
            _LOG.warning("statement_retried", statement=name, reason=type(error).__name__)
    return await statement()


async def until_done(statement: Callable[[], Awaitable[T]], *, name: str, limit_s: float) -> T:
    """The result of `statement`, which must be idempotent. Each try has its own connection.

    Raises the last error after `limit_s`, and at once an error that another try cannot change.
    """
    loop = asyncio.get_running_loop()
    give_up_at, pause_s = loop.time() + limit_s, _FIRST_PAUSE_S
    while True:
        try:
            return await statement()
        except AWAY as error:
            if loop.time() + pause_s >= give_up_at:
                raise
            _LOG.warning("statement_retried", statement=name, reason=type(error).__name__)
        await asyncio.sleep(pause_s)
        pause_s = min(_LONGEST_PAUSE_S, 2 * pause_s)
