"""Runs that another process ends, in Postgres: cancelled, stalled, or with suppliers unavailable for too long."""

from typing import Final
from uuid import UUID

import asyncpg
from oslira_shared.contracts.analysis import v1
from oslira_shared.errors import OsliraError
from oslira_shared.postgres.clients import AdminClient, Connection, Record

from oslira_analysis.application.cancel_run import Cancellation
from oslira_analysis.application.rows import Effects, Hint

_STATE: Final = "select state from analysis.runs where id = $1 and account_id = $2"
_CANCEL: Final = "select * from analysis.cancel_runs($1)"
_RUNS: Final = "select * from analysis.runs where id = any($1::uuid[])"
# A run may join a scrape while it is being ended, and the lock order is then wrong.
_TRIES: Final = 5


class PostgresCancellations:
    """Implements Cancellations."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def cancel(self, run_id: UUID, account_id: UUID) -> Cancellation | None:
        if await self._state(run_id, account_id) is None:
            return None
        effects = await end_runs(self._database, _CANCEL, [run_id])
        return Cancellation(str(await self._state(run_id, account_id)), effects)

    async def _state(self, run_id: UUID, account_id: UUID) -> str | None:
        async with self._database.connection() as connection:
            return await connection.fetchval(_STATE, run_id, account_id)


async def end_runs(database: AdminClient, query: str, *values: object) -> Effects:
    """Call a function that ends runs and returns what it changed. Raises OsliraError `unavailable` after several deadlocks."""
    for _ in range(_TRIES):
        try:
            async with database.transaction() as connection:
                return await _effects(connection, await connection.fetch(query, *values))
        except asyncpg.TransactionRollbackError:
            continue
    raise OsliraError("unavailable", "The run is being changed right now; try again.")


async def _effects(connection: Connection, changed: list[Record]) -> Effects:
    hints = [
        Hint(v1.SCRAPE, row["row_id"], row["state"], row["attempt"])
        for row in changed
        if row["kind"] == "scrape"
    ]
    ended = [row["row_id"] for row in changed if row["kind"] == "run"]
    rows = await connection.fetch(_RUNS, ended) if ended else []
    return Effects(hints, [dict(row) for row in rows])
