"""Deletes many rows without blocking others: one batch, one short transaction, which fails rather than waits for a lock."""

from typing import Final

from oslira_shared.postgres.clients import AdminClient

BATCH_ROWS: Final = 1_000
_LOCK_TIMEOUT: Final = "2s"
_STATEMENT_TIMEOUT: Final = "10s"


async def delete_batch(
    database: AdminClient, statement: str, *parameters: object, limit: int = BATCH_ROWS
) -> int:
    """Run `statement`, whose `$1` is the limit of rows, and `$2` on are the parameters; returns how many rows it changed.

    It is a DELETE or UPDATE, or, where it has several parts, a SELECT of that number. Raises asyncpg's LockNotAvailableError
    or QueryCanceledError when it would wait or run for too long; nothing of that batch is changed then.
    """
    async with database.transaction() as connection:
        await connection.execute(
            "select set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true)",
            _LOCK_TIMEOUT,
            _STATEMENT_TIMEOUT,
        )
        prepared = await connection.prepare(statement)
        rows = await prepared.fetch(limit, *parameters)
        return int(rows[0][0]) if rows else int(str(prepared.get_statusmsg()).split()[-1])
