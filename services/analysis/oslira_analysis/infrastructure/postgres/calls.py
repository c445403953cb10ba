"""The records of model calls: a row before each request, completed after it, and the first answer stored permanently.

A received answer is already paid for, and Postgres may be unavailable: the answer stays in memory until it is written.
"""

import asyncio
from typing import Any, Final
from uuid import UUID

import structlog
from oslira_shared.ids import new_id
from oslira_shared.postgres.again import until_done
from oslira_shared.postgres.clients import AdminClient

from oslira_analysis.application.model_ports import UNANSWERED, CallHistory, Question, Unusable
from oslira_analysis.application.rows import Run, Usage
from oslira_analysis.domain.models.calls import Call
from oslira_analysis.metrics import PAID_ANSWERS_LOST

_LOG = structlog.get_logger()
# Before a request nothing is lost: the run's next attempt can do it.
_BEFORE_LIMIT_S: Final = 10.0
# One round trip, because it is between a scrape's end and the first request.
_RECALL: Final = """
select (select a.answer from analysis.call_answers a where a.run_id = $1 and a.call = $2) as answer,
       (select jsonb_object_agg(spoilt.provider, jsonb_build_array(spoilt.answers, spoilt.fault)) from (
         select u.provider, count(*) as answers, (array_agg(u.error order by u.created_at desc))[1] as fault
           from analysis.ai_usage_logs u
          where u.run_id = $1 and u.call = $2 and u.state in ('answered', 'refused', 'cut_short') and u.error is not null
          group by u.provider
       ) spoilt) as spoilt,
       (select jsonb_object_agg(lost.provider, lost.requests) from (
         select u.provider, count(*) as requests
           from analysis.ai_usage_logs u
          where u.run_id = $1 and u.call = $2
            and (u.state = 'booked' or (u.state = 'failed' and starts_with(u.error, $3)))
          group by u.provider
       ) lost) as unanswered
"""
_DISCARD: Final = "delete from analysis.call_answers where run_id = $1 and call = $2"
_BOOK: Final = """
insert into analysis.ai_usage_logs (id, run_id, account_id, call, attempt, provider, model, prompt_version)
values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (id) do nothing
"""
# The answer is stored only while the run is scoring; its cost is always recorded.
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


class PostgresCalls:
    """Implements CallRecords over analysis.ai_usage_logs and analysis.call_answers."""

    def __init__(self, database: AdminClient, *, keep_s: float = 900.0) -> None:
        """`keep_s`: how long an answer stays in memory while Postgres is unavailable."""
        self._database = database
        self._keep_s = keep_s
        self._writing: set[asyncio.Task[None]] = set()

    async def load(self, run: Run, call: Call) -> CallHistory:
        async def read() -> Any:
            async with self._database.connection() as connection:
                return await connection.fetchrow(_RECALL, run.run_id, call.name, UNANSWERED)

        row = await until_done(read, name="recall", limit_s=_BEFORE_LIMIT_S)
        assert row is not None  # noqa: S101  # a select without a table
        spoilt = row["spoilt"] or {}
        unusable = {name: Unusable(*found) for name, found in spoilt.items()}
        return CallHistory(row["answer"], unusable, row["unanswered"] or {})

    async def discard(self, run: Run, call: Call) -> None:
        async with self._database.connection() as connection:
            await connection.execute(_DISCARD, run.run_id, call.name)

    async def create(self, question: Question, provider: str) -> UUID:
        usage_id, run = new_id(), question.run

        async def write() -> None:
            async with self._database.connection() as connection:
                await connection.execute(
                    _BOOK,
                    usage_id,
                    run.run_id,
                    run.account_id,
                    question.call.name,
                    run.attempt,
                    provider,
                    question.model,
                    question.prompt.version,
                )

        # With one id: a row whose commit was not confirmed is not created again.
        await until_done(write, name="book", limit_s=_BEFORE_LIMIT_S)
        return usage_id

    async def complete(self, usage_id: UUID, usage: Usage, answer: dict[str, Any] | None) -> None:
        """Continues when its caller is cancelled: the money is spent, whichever process holds the run by then."""
        writing = asyncio.create_task(self._complete(usage_id, usage, answer), name=f"complete:{usage_id}")
        self._writing.add(writing)
        writing.add_done_callback(self._written)
        await asyncio.shield(writing)

    async def finish(self, *, grace_s: float) -> None:
        """At shutdown: wait for records that are not written yet."""
        if self._writing:
            await asyncio.wait(self._writing, timeout=grace_s)

    async def _complete(self, usage_id: UUID, usage: Usage, answer: dict[str, Any] | None) -> None:
        async def write() -> None:
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

        await until_done(write, name="complete", limit_s=self._keep_s)

    def _written(self, writing: asyncio.Task[None]) -> None:
        self._writing.discard(writing)
        error = None if writing.cancelled() else writing.exception()
        if writing.cancelled() or error is not None:
            PAID_ANSWERS_LOST.inc()
            _LOG.error("paid_answer_lost", call=writing.get_name(), exc_info=error)
