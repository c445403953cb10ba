"""Runs that wait for a slot, without an engine: what promotion chooses from."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from oslira_analysis.infrastructure.postgres.queue import PostgresQueue
from oslira_analysis.infrastructure.postgres.seeds import seed
from oslira_devstack.databases import Database
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import AdminClient, Pool, open_pool

_SCRAPE = "insert into analysis.scrapes (id, state, username) values ($1, 'waiting', $2)"
_RUN = """
insert into analysis.runs (id, state, waits_for, current_step, account_id, business_profile_id, username, type, price_credits,
                           max_age_s, scrape_id, priority, created_at)
values ($1, 'waiting', $2, 'waiting', $3, $3, $4, 'light', 1, 3600, $5, $6, now() - make_interval(secs => $7))
"""


@dataclass(frozen=True, slots=True)
class WaitingRows:
    """`pool` and `gateway` under those services' roles."""

    pool: Pool
    gateway: Pool

    async def waiting(
        self,
        username: str,
        *,
        waits_for: str = "scrape",
        account_id: UUID | None = None,
        priority: int = 0,
        age_s: float = 0,
    ) -> UUID:
        """A run of its own account, unless one is named."""
        run_id = new_id()
        scrape_id = new_id() if waits_for == "scrape" else None
        if scrape_id is not None:
            await self.pool.execute(_SCRAPE, scrape_id, username)
        await self.pool.execute(
            _RUN, run_id, waits_for, account_id or new_id(), username, scrape_id, priority, age_s
        )
        return run_id

    async def promoted(self) -> dict[str, str]:
        """Promotes once. Usernames of all that is at work, with its state."""
        await PostgresQueue(AdminClient(self.pool)).promote()
        rows = await self.pool.fetch(
            "select username, state from analysis.runs where state in ('scraping', 'scoring')"
        )
        return {row["username"]: row["state"] for row in rows}

    async def eta_s(self, run_id: UUID) -> int | None:
        return await self.gateway.fetchval(
            "select eta_s from analysis.queue_positions(array[$1::uuid])", run_id
        )

    async def expected_s(self, account_id: UUID, plan: str, new: int) -> int | None:
        return await self.gateway.fetchval("select analysis.expected_s($1, $2, $3)", account_id, plan, new)


@asynccontextmanager
async def waiting_rows(database: Database) -> AsyncGenerator[WaitingRows]:
    """On the database's own tables, seeded as an engine does when it starts."""
    async with (
        await open_pool(database.url("analysis_service"), service="test") as pool,
        await open_pool(database.url("gateway_service"), service="test") as gateway,
    ):
        limit = Decimal(1_000)
        await seed(AdminClient(pool), scrape_slots=10, score_slots=60, ageing_s=60, daily_limit_usd=limit)
        yield WaitingRows(pool, gateway)
