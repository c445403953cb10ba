"""Slots, waiting tasks and the sweep, in Postgres."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from oslira_shared.contracts.analysis import v1
from oslira_shared.postgres.clients import AdminClient, Connection
from oslira_shared.work import DueRow, sweep

from oslira_analysis.application.ports import Promoted
from oslira_analysis.application.rows import Effects, Ending, Hint
from oslira_analysis.infrastructure.postgres.tables import (
    END_RUN,
    FAIL_FOLLOWERS,
    HINTS,
    RUNS,
    SCRAPES,
    effects_of,
)

_PROMOTED_SUBJECTS: Final = {"scrape": v1.SCRAPE, "score": v1.SCORE}
_SELECT_RUNS: Final = "select * from analysis.runs where id = any($1::uuid[])"
_GIVEN_UP: Final = Ending("attempts_used_up", "The analysis failed several times. You were not charged.")
_SCRAPE_GIVEN_UP: Final = Ending(
    "scrape_failed", "The profile could not be fetched, also when tried again. You were not charged."
)
# An actor's run that may be active costs money and holds its slot: it is aborted first.
_GIVE_UP_SCRAPE: Final = """
update analysis.scrapes
   set state = 'aborting', attempt = attempt + 1, failures = 0, reason_code = $4,
       reason_detail = coalesce(reason_detail, $5), seq = seq + 1,
       progressed_at = now(), lease_until = null, not_before = null, due_at = now()
 where id = $1 and state = $2 and attempt = $3 and state <> 'aborting' and intent_at is not null
returning reason_detail
"""
_END_SCRAPE: Final = """
update analysis.scrapes
   set state = 'ended', outcome = 'failed', attempt = attempt + 1, reason_code = $4,
       -- What the last attempt brought back, where it says more.
       reason_detail = coalesce(reason_detail, $5), seq = seq + 1,
       progressed_at = now(), ended_at = now(), lease_until = null, due_at = null
 where id = $1 and state = $2 and attempt = $3
returning reason_detail
"""


class PostgresQueue:
    """Implements Queue."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def promote(self) -> Promoted:
        async with self._database.connection() as connection:  # the function is its own transaction
            promoted = await connection.fetch("select * from analysis.promote()")
        hints = [
            Hint(_PROMOTED_SUBJECTS[item["kind"]], item["row_id"], item["state"], item["attempt"])
            for item in promoted
            if item["kind"] in _PROMOTED_SUBJECTS
        ]
        return Promoted(hints, [item["row_id"] for item in promoted if item["kind"] != "scrape"])

    async def changed(self, run_ids: Sequence[UUID]) -> Effects:
        async with self._database.connection() as connection:
            return Effects(runs=[dict(row) for row in await connection.fetch(_SELECT_RUNS, list(run_ids))])

    async def due(self, waiting_since: Mapping[str, datetime]) -> Effects:
        return await self._due_scrapes(waiting_since) + await self._due_runs(waiting_since)

    async def _due_scrapes(self, waiting_since: Mapping[str, datetime]) -> Effects:
        async with self._database.transaction() as connection:
            due = await sweep(connection, SCRAPES, waiting_since=waiting_since)
        effects = Effects(
            [Hint(v1.SCRAPE, row.row_id, row.state, row.attempt) for row in due if not row.is_exhausted]
        )
        for row in due:
            if row.is_exhausted:
                async with self._database.transaction() as connection:
                    effects += await _give_up_scrape(connection, row)
        return effects

    async def _due_runs(self, waiting_since: Mapping[str, datetime]) -> Effects:
        async with self._database.transaction() as connection:
            due = await sweep(connection, RUNS, waiting_since=waiting_since)
            ended = [row.row_id for row in due if row.state in v1.ENDED]
            rows = await connection.fetch(_SELECT_RUNS, ended) if ended else []
        hints = [
            Hint(HINTS[row.state], row.row_id, row.state, row.attempt)
            for row in due
            if row.state in HINTS and not row.is_exhausted
        ]
        effects = Effects(hints, [dict(row) for row in rows])
        for row in due:
            if row.is_exhausted:
                async with self._database.transaction() as connection:
                    effects += await _give_up_run(connection, row)
        return effects


async def _give_up_run(connection: Connection, due: DueRow) -> Effects:
    ending = _GIVEN_UP
    return effects_of(
        await connection.fetchrow(
            END_RUN, due.row_id, "failed", ending.code, ending.detail, due.state, due.attempt, False
        )
    )


async def _give_up_scrape(connection: Connection, due: DueRow) -> Effects:
    ending = _SCRAPE_GIVEN_UP
    values = (due.row_id, due.state, due.attempt, ending.code, ending.detail)
    detail = await connection.fetchval(_GIVE_UP_SCRAPE, *values)
    detail = detail or await connection.fetchval(_END_SCRAPE, *values)
    if detail is None:
        return Effects()
    rows = await connection.fetch(FAIL_FOLLOWERS, due.row_id, ending.code, detail)
    return Effects(runs=[dict(row) for row in rows])
