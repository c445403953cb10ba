"""Bodies of old events."""

from datetime import timedelta
from typing import Final

from oslira_shared.postgres.clients import AdminClient

# Locked rows are skipped, and the lock on the others lasts one statement.
_CLEAR: Final = """
    with old as (
      select id from billing.webhook_events
       where payload is not null and state not in ('received', 'applied') and created_at < now() - $1::interval
       limit $2
       for update skip locked
    )
    update billing.webhook_events e set payload = null from old where e.id = old.id
"""


class PostgresEventBodies:
    """Implements EventBodies."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def clear_batch(self, *, older_than: timedelta, limit: int) -> int:
        async with self._database.transaction() as connection:
            await connection.execute("set local lock_timeout = '2s'")
            status = await connection.execute(_CLEAR, older_than, limit)
        return int(status.removeprefix("UPDATE "))
