"""Scrapes in Postgres."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import asyncpg
from oslira_shared.postgres.clients import AdminClient, Connection, Record
from oslira_shared.work import Claim, claim, moved, release, snooze, transition

from oslira_analysis.application.ports import Pause, ScrapeEnd
from oslira_analysis.application.rows import Effects, ScrapeWork
from oslira_analysis.infrastructure.postgres.tables import FAIL_FOLLOWERS, SCRAPES, scrape_work

_WRITE_INTENT: Final = """
update analysis.scrapes set intent_at = now(), actor_run_id = null, starts = starts + 1
 where id = $1 and state = $2 and attempt = $3 and intent_at is null
returning intent_at, starts
"""
# In the queue again, not before their scrape. Each run's wait limit counts from its own first snooze.
_FOLLOWERS_WAIT: Final = """
update analysis.runs r
   set state = 'waiting', waits_for = 'scrape_retry', not_before = s.not_before, seq = r.seq + 1,
       current_step = case when $2 then 'supplier_unavailable' else 'waiting' end,
       snoozed_since = case when $2 then coalesce(r.snoozed_since, now()) else r.snoozed_since end
  from analysis.scrapes s
 where s.id = $1 and r.scrape_id = s.id and r.state = 'scraping'
returning r.*
"""
_FOLLOWERS_STAY: Final = """
update analysis.runs r
   set seq = r.seq + 1, current_step = 'supplier_unavailable', snoozed_since = coalesce(r.snoozed_since, now())
  from analysis.scrapes s
 where s.id = $1 and r.scrape_id = s.id and r.state = 'scraping' and r.current_step <> 'supplier_unavailable'
returning r.*
"""
# The scraper works again, so the runs' wait times are reset.
_FOLLOWERS_SERVED: Final = """
update analysis.runs set snoozed_since = null where scrape_id = $1 and state = 'scraping' and snoozed_since is not null
"""
_KNOWN_PROFILE: Final = """
select profile_id from analysis.scrapes
 where username = $1 and profile_id is not null order by ended_at desc limit 1
"""
# Also runs that joined it while it waited for its next attempt, and were not resumed before it continued.
_FOLLOWERS_ON: Final = """
update analysis.runs
   set state = 'waiting', waits_for = 'score', current_step = 'waiting', progress = 50, seq = seq + 1, progressed_at = now(),
       not_before = null, snoozed_since = null
 where scrape_id = $1 and (state = 'scraping' or (state = 'waiting' and waits_for in ('scrape', 'scrape_retry')))
returning *
"""


class PostgresScrapes:
    """Implements Scrapes over analysis.scrapes."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def claim(self, scrape_id: UUID) -> ScrapeWork | None:
        async with self._database.connection() as connection:
            claimed = await claim(connection, SCRAPES, scrape_id)
        return None if claimed is None else scrape_work(claimed)

    async def postpone(self, work: ScrapeWork, *, delay_s: float) -> None:
        async with self._database.connection() as connection:
            await release(connection, work.claim, is_counted=False, delay_s=delay_s)

    async def pause(self, work: ScrapeWork, pause: Pause) -> Effects:
        scrape = work.scrape
        values: dict[str, Any] = {}
        if pause.ended is not None or not pause.was_started:
            values |= {"intent_at": None, "actor_run_id": None}
        if pause.ended is not None:
            values["cost_nano_usd"] = scrape.cost_nano_usd + pause.ended.cost_nano_usd
            values["reason_detail"] = pause.because
        if not pause.was_started:
            values["starts"] = scrape.starts - 1
        if pause.is_overrun:
            values["overruns"] = scrape.overruns + 1
        to_state = None if pause.holds_slot else "waiting"
        async with self._database.transaction() as connection:
            is_ours = await (
                snooze(connection, work.claim, delay_s=pause.delay_s, to_state=to_state, values=values)
                if pause.is_snooze
                else release(
                    connection,
                    work.claim,
                    is_counted=True,
                    delay_s=pause.delay_s,
                    to_state=to_state,
                    values=values,
                )
            )
            if not is_ours:
                return Effects()
            # The scrape's row is locked from here on, as in `end`.
            if pause.holds_slot:
                rows = await connection.fetch(_FOLLOWERS_STAY, scrape.scrape_id)
            else:
                rows = await connection.fetch(_FOLLOWERS_WAIT, scrape.scrape_id, pause.is_snooze)
        return Effects(runs=[dict(row) for row in rows])

    async def release(self, held: Claim) -> None:
        async with self._database.connection() as connection:
            await release(connection, held, is_counted=False)

    async def write_intent(self, work: ScrapeWork) -> ScrapeWork | None:
        held = work.claim
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_WRITE_INTENT, held.row_id, held.state, held.attempt)
        if row is None:
            return None
        return replace(
            work,
            scrape=replace(work.scrape, intent_at=row["intent_at"], starts=row["starts"], age_s=0.0),
        )

    async def record_start(self, work: ScrapeWork, actor_run_id: str) -> ScrapeWork | None:
        scrape = work.scrape
        try:
            if scrape.snoozed_for_s:
                async with self._database.transaction() as connection:
                    row = await _started(connection, work, actor_run_id)
                    if row is not None:
                        await connection.execute(_FOLLOWERS_SERVED, scrape.scrape_id)
            else:
                async with self._database.connection() as connection:
                    row = await _started(connection, work, actor_run_id)
        except asyncpg.UniqueViolationError:
            return None
        if row is None:
            return None
        started = replace(scrape, actor_run_id=actor_run_id, snoozed_for_s=0.0)
        return ScrapeWork(moved(work.claim, row), started)

    async def recorded(self, actor_run_ids: Sequence[str]) -> set[str]:
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "select actor_run_id from analysis.scrapes where actor_run_id = any($1::text[])",
                list(actor_run_ids),
            )
        return {row["actor_run_id"] for row in rows}

    async def known_profile_id(self, username: str) -> str | None:
        async with self._database.connection() as connection:
            return await connection.fetchval(_KNOWN_PROFILE, username)

    async def drop_item(self, scrape_id: UUID) -> None:
        async with self._database.connection() as connection:
            await connection.execute("update analysis.scrapes set item = null where id = $1", scrape_id)

    async def end(self, work: ScrapeWork, end: ScrapeEnd) -> Effects:
        ending = end.ending
        async with self._database.transaction() as connection:
            row = await transition(
                connection,
                work.claim,
                to_state="ended",
                due_in_s=None,
                values={
                    "outcome": end.outcome,
                    "reason_code": ending.code if ending else None,
                    "reason_detail": ending.detail if ending else None,
                    "item": end.stored_item,
                    "profile_id": end.profile_id,
                    "scraped_at": end.scraped_at,
                    # The cost of all its actor runs; a trigger records it on the run that it was promoted for.
                    "cost_nano_usd": work.scrape.cost_nano_usd + end.cost_nano_usd,
                },
                stamps=["ended_at"],
            )
            if row is None:
                return Effects(is_fenced=True)
            # The scrape's row is locked from here on: a run that joins now waits, and then sees that it has ended.
            if ending is not None:
                rows = await connection.fetch(
                    FAIL_FOLLOWERS, work.scrape.scrape_id, ending.code, ending.detail
                )
            else:
                rows = await connection.fetch(_FOLLOWERS_ON, work.scrape.scrape_id)
        return Effects(runs=[dict(item) for item in rows])


async def _started(connection: Connection, work: ScrapeWork, actor_run_id: str) -> Record | None:
    return await transition(
        connection,
        work.claim,
        to_state="running",
        due_in_s=SCRAPES.hint_every_s,
        values={"actor_run_id": actor_run_id, "snoozed_since": None},
        stamps=["started_at"],
        keeps_lease=True,
        is_progress=False,  # an actor's run that was started can still fail, and reach this again
    )
