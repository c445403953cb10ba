"""The books of model calls: a row before each request, completed after it, and the first answer kept for good."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import AdminClient

from oslira_analysis.application.rows import Run

_BOOK: Final = """
with kept as (select answer from analysis.call_answers where run_id = $2 and call = $4),
booked as (
  insert into analysis.ai_usage_logs (id, run_id, account_id, call, attempt, provider, model, prompt_version)
  select $1, $2, $3, $4, $5, $6, $7, $8 where not exists (select from kept)
)
select answer from kept
"""
_COMPLETE: Final = """
with done as (
  update analysis.ai_usage_logs
     set state = $2, input_tokens = $3, cached_tokens = $4, output_tokens = $5, cost_nano_usd = $6, duration_ms = $7,
         error = $8, finished_at = now()
   where id = $1 and finished_at is null
  returning run_id, call
)
insert into analysis.call_answers (run_id, call, usage_id, answer)
select done.run_id, done.call, $1, $9::jsonb from done join analysis.runs r on r.id = done.run_id
 where $9::jsonb is not null and r.state = 'scoring'
on conflict do nothing
"""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one request used. `state`: answered, refused, cut_short or failed. Tokens are None when nothing came back.

    `input_tokens` includes `cached_tokens`; the cost is in billionths of a dollar.
    """

    state: str
    duration_ms: int
    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    cost_nano_usd: int | None = None
    error: str | None = None


class PostgresCalls:
    """analysis.ai_usage_logs and analysis.call_answers. Never fenced: the money is spent whoever holds the run."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def book(
        self, run: Run, *, call: str, provider: str, model: str, prompt_version: str
    ) -> tuple[UUID, dict[str, Any] | None]:
        """(usage id, None) before a request; or (_, the answer) when an earlier attempt got one."""
        usage_id = new_id()
        async with self._database.connection() as connection:
            kept = await connection.fetchval(
                _BOOK,
                usage_id,
                run.run_id,
                run.account_id,
                call,
                run.attempt,
                provider,
                model,
                prompt_version,
            )
        return usage_id, kept

    async def complete(self, usage_id: UUID, usage: Usage, answer: dict[str, Any] | None) -> None:
        """Usage and answer in one statement: a crash leaves both or neither."""
        async with self._database.connection() as connection:
            await connection.execute(
                _COMPLETE,
                usage_id,
                usage.state,
                usage.input_tokens,
                usage.cached_tokens,
                usage.output_tokens,
                usage.cost_nano_usd,
                usage.duration_ms,
                usage.error,
                answer,
            )
