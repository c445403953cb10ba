"""Outcomes that credits requests, and settlements that it publishes, in Postgres."""

from typing import Final
from uuid import UUID

from oslira_shared.errors import OsliraError
from oslira_shared.postgres.clients import AdminClient

from oslira_analysis.application.rows import Effects
from oslira_analysis.infrastructure.postgres.tables import effects_of

# An unknown id is closed as a row with the runs' primary key, so that a later accept conflicts with it.
_OUTCOME: Final = """
with closed as (insert into analysis.runs (id, state) values ($1, 'closed') on conflict (id) do nothing returning state)
select state, 0 as price_credits from closed
union all
select state, coalesce(price_credits, 0) from analysis.runs where id = $1
limit 1
"""
_MARK_SETTLED: Final = """
update analysis.runs r
   set settled_at = s.settled_at, charged_credits = s.captured_credits, released_credits = s.released_credits,
       seq = r.seq + 1, due_at = null
  from credits.settlements s
 where r.id = $1 and s.hold_id = r.id and r.settled_at is null and r.state in ('completed', 'failed', 'cancelled')
returning r.*
"""


# A bulk's id also exists among the runs, as a closed one: only then it is looked up here.
_BULK_OUTCOME: Final = "select state, capture_credits from analysis.hold_outcomes where id = $1"
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
    """The port Settlements."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def outcome(self, hold_id: UUID) -> tuple[str, int]:
        async with self._database.connection() as connection:
            # Twice: a row that was committed after this statement's snapshot is visible to the second.
            for _ in range(2):
                if (row := await connection.fetchrow(_OUTCOME, hold_id)) is None:
                    continue
                if row["state"] == "closed":
                    bulk = await connection.fetchrow(_BULK_OUTCOME, hold_id)
                    if bulk is not None:
                        return bulk["state"], bulk["capture_credits"]
                return row["state"], row["price_credits"]
        raise OsliraError("unavailable", "the run is being written right now")

    async def mark_settled(self, run_id: UUID) -> Effects:
        async with self._database.connection() as connection:
            if (row := await connection.fetchrow(_MARK_SETTLED, run_id)) is not None:
                return effects_of(row)
            rows = await connection.fetch(_MARK_BULK_SETTLED, run_id)
        return Effects(runs=[dict(row) for row in rows])
