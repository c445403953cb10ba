"""Snoozed runs in Postgres."""

from typing import Final

from oslira_shared.postgres.clients import AdminClient

from oslira_analysis.application.rows import Effects
from oslira_analysis.infrastructure.postgres.cancel import end_runs

_BATCH: Final = 500
# In the order of ids and with skip locked, like every statement that locks several runs. `not_before` stays: their place in the
# queue counts from it.
_WAKE: Final = """
update analysis.runs r
   set waits_for = split_part(r.waits_for, '_', 1), current_step = 'waiting', seq = r.seq + 1
 where r.id in (
   select w.id from analysis.runs w
    where w.state = 'waiting' and w.waits_for in ('scrape_retry', 'score_retry') and w.not_before <= now()
    order by w.id limit $1 for update skip locked)
returning 1
"""
_OVER_WAIT_LIMIT: Final = "select * from analysis.runs_past_wait_limit($1, $2, $3) as id"
_FAIL: Final = "select * from analysis.fail_waiting($1, $2, $3)"
_CODES: Final = {"scrape": "scraper_unavailable", "score": "models_unavailable"}
_DETAILS: Final = {
    "scrape": "The scraping service was unavailable for too long. You were not charged.",
    "score": "The language models were unavailable for too long. You were not charged.",
}


class PostgresSnoozedRuns:
    """Implements SnoozedRuns."""

    def __init__(self, database: AdminClient, *, single_s: float, bulk_s: float) -> None:
        """The wait limits for a supplier: of a single run, and of one of a bulk."""
        self._database = database
        self._single_s = single_s
        self._bulk_s = bulk_s

    async def resume(self) -> int:
        async with self._database.connection() as connection:
            return len(await connection.fetch(_WAKE, _BATCH))

    async def fail_overdue(self) -> Effects:
        async with self._database.connection() as connection:
            rows = await connection.fetch(_OVER_WAIT_LIMIT, self._single_s, self._bulk_s, _BATCH)
        if not rows:
            return Effects()
        return await end_runs(self._database, _FAIL, [row["id"] for row in rows], _CODES, _DETAILS)
