"""Settlements that credits publishes, in Postgres."""

from typing import Final
from uuid import UUID

from oslira_shared.postgres.clients import AdminClient

from oslira_analysis.application.rows import Effects
from oslira_analysis.infrastructure.postgres.tables import effects_of

_MARK_SETTLED: Final = """
update analysis.runs r
   set settled_at = s.settled_at, charged_credits = s.captured_credits, released_credits = s.released_credits,
       seq = r.seq + 1, due_at = null
  from credits.settlements s
 where r.id = $1 and s.hold_id = r.id and r.settled_at is null and r.state in ('completed', 'failed', 'cancelled')
returning r.*
"""
_MARK_BULK_SETTLED: Final = """
with settled as (
  update analysis.bulks b
     set settled_at = s.settled_at, charged_credits = s.captured_credits, released_credits = s.released_credits,
         seq = b.seq + 1, due_at = null
    from credits.settlements s
   where b.id = $1 and s.hold_id = b.id and b.settled_at is null and b.state = 'ended'
  returning b.id, b.settled_at
)
update analysis.runs r
   set settled_at = settled.settled_at, seq = r.seq + 1,
       charged_credits = case when r.state = 'completed' then r.price_credits else 0 end,
       released_credits = case when r.state = 'completed' then 0 else r.price_credits end
  from settled where r.bulk_id = settled.id and r.settled_at is null
returning r.*
"""


class PostgresSettlements:
    """Implements Settlements."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def mark_settled(self, run_id: UUID) -> Effects:
        async with self._database.connection() as connection:
            if (row := await connection.fetchrow(_MARK_SETTLED, run_id)) is not None:
                return effects_of(row)
            rows = await connection.fetch(_MARK_BULK_SETTLED, run_id)
        return Effects(runs=[dict(row) for row in rows])
