"""Analysis's jobs on a real Postgres: what stands still ends, what waits doesn't; what is old goes, and totals stay."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest_asyncio
from oslira_analysis.application.daily_cleanup import DailyCleanup
from oslira_analysis.application.fail_stalled import FailStalled
from oslira_analysis.application.rows import Effects
from oslira_analysis.infrastructure.postgres_expired import PostgresExpired
from oslira_analysis.infrastructure.postgres_queue import PostgresQueue
from oslira_analysis.infrastructure.postgres_stalled import PostgresStalledRuns
from oslira_devstack.databases import Database
from oslira_shared.ids import new_id
from oslira_shared.jobs import Tally
from oslira_shared.postgres.clients import AdminClient, Pool, open_pool

SLOT = datetime(2026, 2, 1, 2, tzinfo=UTC)


@dataclass
class Heard:
    """The port Announcer."""

    effects: Effects = field(default_factory=Effects)

    async def announce(self, effects: Effects, *, is_repeat: bool = False) -> None:
        del is_repeat
        self.effects += effects


@dataclass
class Engine:
    pool: Pool
    gateway: Pool
    heard: Heard = field(default_factory=Heard)

    async def run(
        self, state: str, *, still_for: str = "20 min", scrape_id: UUID | None = None, **more: Any
    ) -> UUID:
        row: dict[str, Any] = {
            "id": new_id(),
            "state": state,
            "account_id": new_id(),
            "business_profile_id": new_id(),
            "type": "light",
            "username": f"name-{new_id().hex[-8:]}",
            "price_credits": 1,
            "max_age_s": 3600,
            "scrape_id": scrape_id,
            "waits_for": "scrape" if state == "waiting" else None,
            "finished_at": datetime.now(UTC) if state == "completed" else None,
            **more,
        }
        await _insert(self.pool, "analysis.runs", row)
        await self.pool.execute(
            "update analysis.runs set progressed_at = now() - $2::text::interval where id = $1",
            row["id"],
            still_for,
        )
        return row["id"]

    async def scrape(self, state: str, **more: Any) -> UUID:
        row: dict[str, Any] = {
            "id": new_id(),
            "state": state,
            "username": f"name-{new_id().hex[-8:]}",
            **more,
        }
        await _insert(self.pool, "analysis.scrapes", row)
        return row["id"]

    async def lead(self, *, account_id: UUID | None = None, deleted: int | None = None) -> UUID:
        """With an analysis of a run. `deleted`: days ago."""
        account_id, lead_id = account_id or new_id(), new_id()
        run_id = await self.run("completed", account_id=account_id, lead_id=lead_id, ai_cost_nano_usd=77)
        at = None if deleted is None else datetime.now(UTC) - timedelta(days=deleted)
        lead = {
            "id": lead_id,
            "account_id": account_id,
            "business_profile_id": new_id(),
            "username": "a",
            "deleted_at": at,
        }
        await _insert(self.pool, "analysis.leads", lead)
        await _insert(
            self.pool,
            "analysis.analyses",
            {
                "id": new_id(),
                "run_id": run_id,
                "lead_id": lead_id,
                "account_id": account_id,
                "business_profile_id": new_id(),
                "type": "light",
                "score": 50,
                "result": {},
                "prompt_version": "v1",
            },
        )
        return lead_id

    async def has_everything(self, account_id: UUID) -> None:
        """A lead with its run, a bulk, a call, a day's cost and a scrape."""
        await self.lead(account_id=account_id)
        user_id, bulk_id = new_id(), new_id()
        await self.pool.execute(
            "update analysis.runs set user_id = $2 where account_id = $1", account_id, user_id
        )
        await _insert(self.pool, "analysis.runs", {"id": bulk_id, "state": "closed"})
        await self.pool.execute(
            "insert into analysis.bulks (id, state, account_id, user_id, business_profile_id, type, price_credits, held_credits,"
            " finished_at, rejected) values ($1, 'ended', $2, $3, $1, 'light', 1, 0, now(), '[{\"text\": \"a name\"}]')",
            bulk_id,
            account_id,
            user_id,
        )
        await self.pool.execute(
            "insert into analysis.ai_usage_logs (id, run_id, account_id, call, attempt, provider, model, prompt_version)"
            " values ($1, $1, $2, 's', 1, 'o', 'm', 'v')",
            bulk_id,
            account_id,
        )
        await self.pool.execute(
            "insert into analysis.daily_costs (account_id, day) values ($1, '2026-01-01')", account_id
        )
        await self.scrape(
            "ended",
            outcome="fetched",
            ended_at=datetime.now(UTC),
            account_id=account_id,
            promoted_for=bulk_id,
        )

    async def traces(self, account_id: UUID) -> list[str]:
        """Where there is still something of its people or of whom it looked at."""
        places = {
            "leads": "analysis.leads where account_id = $1",
            "analyses": "analysis.analyses where account_id = $1",
            "runs": "analysis.runs where account_id = $1 and username <> '-'",
            "users": "analysis.runs where account_id = $1 and user_id is not null",
            "bulks": "analysis.bulks where account_id = $1 and (rejected <> '[]' or user_id is not null)",
            "usage": "analysis.ai_usage_logs where account_id = $1",
            "costs": "analysis.daily_costs where account_id = $1",
            "scrapes": "analysis.scrapes where account_id = $1",
        }
        return [
            what
            for what, rows in places.items()
            if await self.pool.fetchval(f"select exists (select from {rows})", account_id)
        ]

    async def fail_stalled(self) -> Tally:
        tally, client = Tally(), AdminClient(self.pool)
        job = FailStalled(
            PostgresStalledRuns(client), PostgresQueue(client), self.heard, stalled_for=timedelta(minutes=15)
        )
        await job(SLOT, tally)
        return tally

    async def clean_up(self) -> dict[str, int]:
        tally = Tally()
        await DailyCleanup(PostgresExpired(AdminClient(self.pool)))(SLOT, tally)
        assert tally.reasons == []
        return tally.deleted

    async def state(self, table: str, row_id: UUID) -> str | None:
        return await self.pool.fetchval(f"select state from analysis.{table} where id = $1", row_id)


async def _insert(pool: Pool, table: str, row: dict[str, Any]) -> None:
    numbers = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    await pool.execute(f"insert into {table} ({', '.join(row)}) values ({numbers})", *row.values())


@pytest_asyncio.fixture
async def engine(database: Database) -> AsyncGenerator[Engine]:
    async with (
        await open_pool(database.url("analysis_service"), service="analysis") as pool,
        await open_pool(database.url("gateway_service"), service="gateway", min_size=1) as gateway,
    ):
        await pool.execute("update analysis.slots set cap = 0")
        yield Engine(pool, gateway)


async def test_what_was_started_and_stands_still_fails_and_is_told_and_what_waits_is_left(
    engine: Engine,
) -> None:
    stalled = [
        await engine.run("scoring"),
        await engine.run("scraping", scrape_id=await engine.scrape("running")),
    ]
    others = [
        await engine.run("waiting", still_for="3 days"),
        await engine.run("queued", still_for="3 days"),
        await engine.run("scoring", still_for="14 min"),
        await engine.run("completed", still_for="3 days"),
    ]
    before = [await engine.state("runs", run_id) for run_id in others]
    tally = await engine.fail_stalled()
    assert (tally.succeeded, tally.failed) == (2, 0)
    for run_id in stalled:
        row = await engine.pool.fetchrow("select * from analysis.runs where id = $1", run_id)
        assert row is not None
        assert (row["state"], row["error_code"], row["attempt"]) == ("failed", "stalled", 1)
        assert row["due_at"] is not None, "announced again until its hold is settled"
    assert [await engine.state("runs", run_id) for run_id in others] == before
    assert {row["id"] for row in engine.heard.effects.runs} == set(stalled)
    assert (await engine.fail_stalled()).processed == 0


async def test_a_scrape_that_others_still_want_goes_on_and_one_that_nobody_wants_is_aborted(
    engine: Engine,
) -> None:
    intent = {"intent_at": datetime.now(UTC)}
    shared, lonely = await engine.scrape("running", **intent), await engine.scrape("running", **intent)
    unstarted = await engine.scrape("starting")
    for scrape_id in (shared, lonely, unstarted):
        await engine.run("scraping", scrape_id=scrape_id)
    await engine.run("scraping", scrape_id=shared, still_for="1 min")
    await engine.fail_stalled()
    states = [await engine.state("scrapes", scrape_id) for scrape_id in (shared, lonely, unstarted)]
    assert states == ["running", "aborting", "ended"]
    assert [hint.row_id for hint in engine.heard.effects.hints] == [lonely]


async def test_a_run_that_moves_while_it_is_looked_at_is_left(engine: Engine) -> None:
    run_id = await engine.run("scoring")
    stalled = PostgresStalledRuns(AdminClient(engine.pool))
    assert await stalled.find(stalled_for=timedelta(minutes=15)) == [run_id]
    await engine.pool.execute("update analysis.runs set progressed_at = now() where id = $1", run_id)
    effects = await stalled.fail(run_id, stalled_for=timedelta(minutes=15), detail="")
    assert (effects.runs, await engine.state("runs", run_id)) == ([], "scoring")


async def test_eight_at_once_fail_each_run_once(engine: Engine) -> None:
    scrape_id = await engine.scrape("running", intent_at=datetime.now(UTC))
    runs = [await engine.run("scraping", scrape_id=scrape_id) for _ in range(20)]
    await asyncio.gather(*(engine.fail_stalled() for _ in range(8)))
    attempts = await engine.pool.fetch(
        "select distinct attempt, state from analysis.runs where id = any($1::uuid[])", runs
    )
    assert [tuple(row) for row in attempts] == [(1, "failed")]
    assert len([hint for hint in engine.heard.effects.hints if hint.row_id == scrape_id]) == 1


async def test_old_usage_goes_and_the_runs_totals_stay(engine: Engine) -> None:
    run_id = await engine.run("completed", ai_cost_nano_usd=500)
    for days in (91, 89):
        usage = {
            "id": new_id(),
            "run_id": run_id,
            "account_id": new_id(),
            "call": "score",
            "attempt": 1,
            "provider": "openai",
            "model": "gpt-4o-mini",
            "prompt_version": "v1",
            "created_at": datetime.now(UTC) - timedelta(days=days),
        }
        await _insert(engine.pool, "analysis.ai_usage_logs", usage)
    assert await engine.clean_up() == {"ai_usage_logs": 1}
    assert (
        await engine.pool.fetchval("select ai_cost_nano_usd from analysis.runs where id = $1", run_id) == 500
    )
    assert await engine.pool.fetchval("select count(*) from analysis.ai_usage_logs") == 1


async def test_days_of_cost_limits_long_past_go_and_later_ones_stay(engine: Engine) -> None:
    today = datetime.now(UTC).date()
    for days in (91, 90, 0):
        row = {"account_id": new_id(), "day": today - timedelta(days=days), "spent_nano_usd": 5}
        await _insert(engine.pool, "analysis.daily_costs", row)
    assert await engine.clean_up() == {"daily_costs": 1}
    assert await engine.pool.fetchval("select count(*) from analysis.daily_costs") == 2


async def test_leads_deleted_a_month_ago_go_with_their_analyses_and_others_stay(engine: Engine) -> None:
    gone, young, live = await engine.lead(deleted=31), await engine.lead(deleted=29), await engine.lead()
    alone = await engine.lead()
    await engine.pool.execute(
        "update analysis.analyses set deleted_at = now() - interval '31 days' where lead_id = $1", alone
    )
    assert await engine.clean_up() == {"analyses": 1, "leads": 1}
    left = await engine.pool.fetch("select id from analysis.leads")
    assert {row["id"] for row in left} == {young, live, alone}
    rows = await engine.pool.fetch("select lead_id from analysis.analyses")
    assert {row["lead_id"] for row in rows} == {young, live}
    # The run stays for the ledger's sake, and points at nothing.
    assert (
        await engine.pool.fetchval(
            "select count(*) from analysis.runs where lead_id is null and ai_cost_nano_usd = 77"
        )
        == 1
    )
    assert gone not in {row["id"] for row in left}


async def test_an_account_deleted_a_month_ago_leaves_no_lead_and_no_name_but_its_runs_figures(
    engine: Engine,
) -> None:
    closed, recent = new_id(), new_id()
    for account_id, days in ((closed, 31), (recent, 29)):
        await engine.gateway.execute(
            "insert into identity.accounts (id, name, deleted_at) values ($1, 'x', now() - make_interval(days => $2))",
            account_id,
            days,
        )
        await engine.lead(account_id=account_id)
    assert await engine.clean_up() == {
        "leads_of_closed_accounts": 1,
        "costs_of_closed_accounts": 1,
        "runs.username": 1,
    }
    row = await engine.pool.fetchrow("select * from analysis.runs where account_id = $1", closed)
    assert row is not None
    assert (row["username"], row["user_id"], row["lead_id"], row["ai_cost_nano_usd"]) == ("-", None, None, 77)
    assert (
        await engine.pool.fetchval("select count(*) from analysis.leads where account_id = $1", recent) == 1
    )
    # Also once the gateway has purged it.
    await engine.gateway.execute(
        "insert into identity.purged_accounts (account_id, deleted_at) values ($1, now() - interval '40 days')",
        closed,
    )
    await engine.lead(account_id=closed)
    assert (await engine.clean_up())["leads_of_closed_accounts"] == 1


async def test_a_purge_takes_what_names_people_and_a_broken_one_goes_on(engine: Engine) -> None:
    closed, live = new_id(), new_id()
    for account_id, deleted_at in ((closed, datetime.now(UTC) - timedelta(days=31)), (live, None)):
        await engine.gateway.execute(
            "insert into identity.accounts (id, name, deleted_at) values ($1, 'x', $2)",
            account_id,
            deleted_at,
        )
        await engine.has_everything(account_id)
    # A lead that somebody else holds: the purge gets no further there, and does the rest.
    async with engine.pool.acquire() as connection, connection.transaction():
        await connection.execute("select from analysis.leads where account_id = $1 for update", closed)
        tally = Tally()
        await DailyCleanup(PostgresExpired(AdminClient(engine.pool)))(SLOT, tally)
        assert tally.failed == 1
        assert await engine.traces(closed) == ["leads", "analyses"]
    await engine.clean_up()
    assert await engine.traces(closed) == []
    assert len(await engine.traces(live)) == 8


async def test_much_goes_in_batches(engine: Engine) -> None:
    await engine.pool.execute(
        "insert into analysis.ai_usage_logs (id, run_id, account_id, call, attempt, provider, model, prompt_version, created_at)"
        " select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 's', 1, 'o', 'm', 'v', now() - interval '100 days'"
        " from generate_series(1, 2500)"
    )
    statements = await asyncio.gather(*(engine.clean_up() for _ in range(3)))
    assert sum(counts.get("ai_usage_logs", 0) for counts in statements) == 2500


async def test_items_kept_for_want_of_a_cache_go_after_two_days(engine: Engine) -> None:
    for days in (1, 3):
        at = datetime.now(UTC) - timedelta(days=days)
        await engine.scrape("ended", outcome="fetched", item={"a": 1}, ended_at=at)
    assert await engine.clean_up() == {"scrapes.item": 1}
