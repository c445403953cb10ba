"""Scrapes in Postgres."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import asyncpg
from oslira_shared.postgres.clients import AdminClient
from oslira_shared.work import Claim, claim, hand_back, moved, transition

from oslira_analysis.application.ports import ActorEnd, ScrapeEnd
from oslira_analysis.application.rows import Effects, ScrapeWork
from oslira_analysis.infrastructure.postgres_queue import FAIL_FOLLOWERS
from oslira_analysis.infrastructure.tables import ANNOUNCE_AGAIN_S, SCRAPES, scrape_work

_AGE: Final = """
select coalesce(extract(epoch from now() - intent_at), 0)::float8 from analysis.scrapes where id = $1
"""
_WRITE_INTENT: Final = """
update analysis.scrapes set intent_at = now(), actor_run_id = null where id = $1 and state = $2 and attempt = $3
"""
_KNOWN_PROFILE: Final = """
select profile_id from analysis.scrapes
 where username = $1 and profile_id is not null order by ended_at desc limit 1
"""
_FOLLOWERS_ON: Final = """
update analysis.runs
   set state = 'waiting', waits_for = 'score', current_step = 'waiting', progress = 50, seq = seq + 1, progressed_at = now()
 where scrape_id = $1 and state = 'scraping'
returning *
"""


class PostgresScrapes:
    """The port Scrapes over analysis.scrapes."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def claim(self, scrape_id: UUID) -> ScrapeWork | None:
        async with self._database.connection() as connection:
            if (claimed := await claim(connection, SCRAPES, scrape_id)) is None:
                return None
            has_intent = claimed.row["intent_at"] is not None
            age_s = await connection.fetchval(_AGE, scrape_id) if has_intent else 0.0
            return scrape_work(claimed, age_s=age_s)

    async def hand_back(
        self,
        work: ScrapeWork,
        *,
        is_counted: bool,
        delay_s: float | None = None,
        failed: ActorEnd | None = None,
        because: str | None = None,
    ) -> None:
        values: dict[str, Any] | None = None
        if failed is not None:
            cost_nano_usd = work.scrape.cost_nano_usd + failed.cost_nano_usd
            values = {
                "intent_at": None,
                "actor_run_id": None,
                "cost_nano_usd": cost_nano_usd,
                "reason_detail": because,
            }
        async with self._database.connection() as connection:
            await hand_back(connection, work.claim, is_counted=is_counted, delay_s=delay_s, values=values)

    async def release(self, held: Claim) -> None:
        async with self._database.connection() as connection:
            await hand_back(connection, held, is_counted=False)

    async def write_intent(self, work: ScrapeWork) -> bool:
        held = work.claim
        async with self._database.connection() as connection:
            return (
                await connection.execute(_WRITE_INTENT, held.row_id, held.state, held.attempt) == "UPDATE 1"
            )

    async def record_start(self, work: ScrapeWork, actor_run_id: str) -> ScrapeWork | None:
        try:
            async with self._database.connection() as connection:
                row = await transition(
                    connection,
                    work.claim,
                    to_state="running",
                    due_in_s=SCRAPES.hint_every_s,
                    values={"actor_run_id": actor_run_id},
                    stamps=["started_at"],
                    keeps_lease=True,
                )
        except asyncpg.UniqueViolationError:
            return None
        if row is None:
            return None
        return ScrapeWork(moved(work.claim, "running"), replace(work.scrape, actor_run_id=actor_run_id))

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
                    "item": end.kept_item,
                    "profile_id": end.profile_id,
                    "scraped_at": end.scraped_at,
                    # Of every run of the actor that it took; a trigger books it on the run it was promoted for.
                    "cost_nano_usd": work.scrape.cost_nano_usd + end.cost_nano_usd,
                },
                stamps=["ended_at"],
            )
            if row is None:
                return Effects(is_fenced=True)
            # The scrape's row is locked from here on: a run that joins now waits, and then finds it ended.
            if ending is not None:
                rows = await connection.fetch(
                    FAIL_FOLLOWERS, work.scrape.scrape_id, ending.code, ending.detail, ANNOUNCE_AGAIN_S
                )
            else:
                rows = await connection.fetch(_FOLLOWERS_ON, work.scrape.scrape_id)
        return Effects(runs=[dict(item) for item in rows])
