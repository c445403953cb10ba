"""Statements that may be run twice, run again while Postgres is away: a lost connection must not lose what they hold."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import asyncpg
import structlog

_LOG = structlog.get_logger()
_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 1.0
# The connection or the server went away, is starting, has no room, is a standby that took no writes yet, or refuses our login: a
# password is changed there before it is changed here. Whether the statement was committed isn't known.
AWAY: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that broke just as it was written to
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
T = TypeVar("T")


async def until_done(statement: Callable[[], Awaitable[T]], *, name: str, limit_s: float) -> T:
    """The result of `statement`, which has to be idempotent. It gets a connection of its own each time.

    Raises the last error once `limit_s` is over, and at once whatever another try can't change.
    """
    loop = asyncio.get_running_loop()
    give_up_at, pause_s = loop.time() + limit_s, _FIRST_PAUSE_S
    while True:
        try:
            return await statement()
        except AWAY as error:
            if loop.time() + pause_s >= give_up_at:
                raise
            _LOG.warning("statement_tried_again", statement=name, reason=type(error).__name__)
        await asyncio.sleep(pause_s)
        pause_s = min(_LONGEST_PAUSE_S, 2 * pause_s)
