"""Active runs in Postgres."""

from typing import Final
from uuid import UUID

from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import AdminClient, Connection
from oslira_shared.work import Claim, claim, release, snooze, transition

from oslira_analysis.application.ports import Item
from oslira_analysis.application.rows import Business, Effects, Run, RunWork
from oslira_analysis.domain.results.business_draft import DRAFT_TYPE
from oslira_analysis.infrastructure.postgres.tables import RUNS, effects_of, run_work

_SHARED_SCRAPE: Final = """
insert into analysis.scrapes (id, state, username) values ($1, 'waiting', $2) on conflict do nothing
"""
# Also what else decides how the run goes on: whether the scrape waits for its next attempt, and whether another one of the name
# ended after this run had read the cache.
_LOCK_SCRAPE: Final = """
select s.id, s.state, coalesce(s.not_before > now(), false) as is_put_off, (
         select f.id from analysis.scrapes f
          where f.username = $1 and f.outcome = 'fetched' and f.ended_at > now() - make_interval(secs => $2)
            and coalesce(f.scraped_at, f.ended_at) > now() - make_interval(secs => $2)
          order by f.ended_at desc limit 1
       ) as fetched_id
  from analysis.scrapes s
 where s.username = $1 and s.state in ('waiting', 'starting', 'running') for update of s
"""
# Its scrape waits for its next attempt: a run that joins it waits as long.
_PUT_OFF_TOO: Final = """
update analysis.runs r set waits_for = 'scrape_retry', not_before = s.not_before
  from analysis.scrapes s where r.id = $1 and s.id = r.scrape_id and s.not_before > now()
returning r.*
"""
_DROP_UNWANTED: Final = """
delete from analysis.scrapes s where id = $1 and state = 'waiting'
   and not exists (select from analysis.runs r where r.scrape_id = s.id)
"""
# The version is chosen once for all attempts: stored answers belong to it.
_BUSINESS: Final = """
with mine as (
  select r.id, r.business_profile_id, r.account_id, r.business_version from analysis.runs r where r.id = $1
), chosen as (
  update analysis.runs r set business_version = newest.version
    from mine cross join lateral identity.business_at(mine.business_profile_id, mine.account_id, null) as newest
   where r.id = mine.id and r.business_version is null
  returning r.business_version
)
select b.version, b.context
  from mine
  cross join lateral identity.business_at(
    mine.business_profile_id, mine.account_id, coalesce(mine.business_version, (select business_version from chosen))) as b
"""


class PostgresRuns:
    """Implements Runs over analysis.runs."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def claim(self, run_id: UUID) -> RunWork | None:
        async with self._database.connection() as connection:
            claimed = await claim(connection, RUNS, run_id)
        return None if claimed is None else run_work(claimed)

    async def release(self, held: Claim) -> None:
        async with self._database.connection() as connection:
            await release(connection, held, is_counted=False)

    async def wait_for_score(self, work: RunWork) -> Effects:
        async with self._database.connection() as connection:
            return await _wait_for_score(connection, work, scrape_id=None)

    async def join_scrape(self, work: RunWork) -> Effects:
        username = work.run.username
        async with self._database.transaction() as connection:
            # Lock order: scrape, then run. The end of a scrape locks it first too, so no run is left on an ended scrape.
            await connection.execute(_SHARED_SCRAPE, new_id(), username)
            scrape = await connection.fetchrow(_LOCK_SCRAPE, username, work.run.max_age_s)
            if scrape is None:  # it ended between the two statements: retry soon
                await release(connection, work.claim, is_counted=False)
                return Effects()
            is_waiting = scrape["state"] == "waiting"
            fetched_id = scrape["fetched_id"]
            if is_waiting and not work.run.is_cache_bypassed and fetched_id is not None:
                # It would be paid for twice.
                await connection.execute(_DROP_UNWANTED, scrape["id"])
                return await _wait_for_score(connection, work, scrape_id=fetched_id)
            row = await transition(
                connection,
                work.claim,
                to_state="waiting" if is_waiting else "scraping",
                due_in_s=None,  # from here the scrape moves the run on
                values={
                    "waits_for": "scrape" if is_waiting else None,
                    "scrape_id": scrape["id"],
                    "is_from_cache": False,
                    "current_step": "waiting" if is_waiting else "scraping",
                    "progress": 10 if is_waiting else 20,
                },
            )
            if (
                row is None
            ):  # cancelled meanwhile: a scrape that was created only for it would wait, and reserve the name, permanently
                await connection.execute(_DROP_UNWANTED, scrape["id"])
            elif is_waiting and scrape["is_put_off"]:
                row = await connection.fetchrow(_PUT_OFF_TOO, row["id"]) or row
        return effects_of(row)

    async def requeue(self, work: RunWork) -> Effects:
        async with self._database.connection() as connection:
            row = await transition(
                connection,
                work.claim,
                to_state="queued",
                due_in_s=0.0,
                values={"is_cache_bypassed": True, "requeues": work.run.requeues + 1},
                is_progress=False,
            )
        return effects_of(row)

    async def snooze(self, work: RunWork, *, delay_s: float) -> Effects:
        async with self._database.connection() as connection:
            row = await snooze(
                connection,
                work.claim,
                delay_s=delay_s,
                to_state="waiting",
                values={"waits_for": "score_retry", "current_step": "supplier_unavailable"},
            )
        return effects_of(row)

    async def business(self, run: Run) -> Business | None:
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_BUSINESS, run.run_id)
        return Business(row["version"], row["context"]) if row else None

    async def stored_item(self, scrape_id: UUID) -> Item | None:
        async with self._database.connection() as connection:
            return await connection.fetchval("select item from analysis.scrapes where id = $1", scrape_id)


async def _wait_for_score(connection: Connection, work: RunWork, *, scrape_id: UUID | None) -> Effects:
    row = await transition(
        connection,
        work.claim,
        to_state="waiting",
        due_in_s=None,  # from here promotion moves the run on, and every sweep promotes
        values={
            "waits_for": "score",
            "scrape_id": scrape_id,
            "is_from_cache": None if work.run.type == DRAFT_TYPE else True,
            "current_step": "waiting",
            "progress": 50,
        },
    )
    return effects_of(row)
