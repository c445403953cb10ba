"""How runs end, in Postgres."""

from typing import Any, Final

from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import AdminClient, Connection, Record
from oslira_shared.work import transition

from oslira_analysis.application.rows import Effects, Ending, Finding, RunWork
from oslira_analysis.infrastructure.tables import ANNOUNCE_AGAIN_S, effects_of

_UPSERT_LEAD: Final = """
insert into analysis.leads as l (id, account_id, business_profile_id, username, full_name, followers, category,
                                 latest_score, latest_type, analysed_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, now())
on conflict (account_id, business_profile_id, username) where deleted_at is null
do update set full_name = excluded.full_name, followers = excluded.followers, category = excluded.category,
              latest_score = excluded.latest_score, latest_type = excluded.latest_type,
              analysed_at = now(), updated_at = now()
returning l.id
"""
_KEEP_ANALYSIS: Final = """
with kept as (
  insert into analysis.analyses (id, run_id, lead_id, account_id, business_profile_id, type, score, result, prompt_version)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
)
update analysis.runs set lead_id = $3 where id = $2 returning *
"""
_CALL_COST: Final = """
select coalesce(sum(cost_nano_usd), 0)::bigint from analysis.ai_usage_logs where run_id = $1
"""


class PostgresEndings:
    """The port Endings. The run's row is moved first: a fenced attempt writes nothing at all."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def complete(self, work: RunWork, finding: Finding) -> Effects:
        run = work.run
        async with self._database.transaction() as connection:
            row = await _end(connection, work, "completed", {"progress": 100})
            if row is None:
                return Effects()
            lead_id = await connection.fetchval(
                _UPSERT_LEAD,
                new_id(),
                run.account_id,
                run.business_profile_id,
                run.username,
                finding.full_name,
                finding.followers,
                finding.category,
                finding.score,
                run.type,
            )
            row = await connection.fetchrow(
                _KEEP_ANALYSIS,
                new_id(),
                run.run_id,
                lead_id,
                run.account_id,
                run.business_profile_id,
                run.type,
                finding.score,
                finding.result,
                finding.prompt_version,
            )
        return effects_of(row)

    async def fail(self, work: RunWork, ending: Ending) -> Effects:
        async with self._database.transaction() as connection:
            row = await _end(
                connection, work, "failed", {"error_code": ending.code, "error_detail": ending.detail}
            )
        return effects_of(row)


async def _end(connection: Connection, work: RunWork, state: str, values: dict[str, Any]) -> Record | None:
    cost_nano_usd = await connection.fetchval(_CALL_COST, work.run.run_id)
    row = await transition(
        connection,
        work.claim,
        to_state=state,
        due_in_s=ANNOUNCE_AGAIN_S,
        values={**values, "current_step": state, "ai_cost_nano_usd": cost_nano_usd},
    )
    if row is not None:
        await connection.execute("delete from analysis.call_answers where run_id = $1", work.run.run_id)
    return row
