"""Old rows are deleted in batches, and totals stay."""

import asyncio
from datetime import UTC, datetime, timedelta

from job_rows import SLOT, JobRows, insert
from oslira_analysis.application.daily_cleanup import DailyCleanup
from oslira_analysis.infrastructure.postgres.expired import PostgresExpired
from oslira_shared.ids import new_id
from oslira_shared.jobs import JobProgress
from oslira_shared.postgres.clients import AdminClient


async def test_old_usage_goes_and_the_runs_totals_stay(job_rows: JobRows) -> None:
    run_id = await job_rows.run("completed", ai_cost_nano_usd=500)
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
        await insert(job_rows.pool, "analysis.ai_usage_logs", usage)
    assert await job_rows.clean_up() == {"ai_usage_logs": 1}
    assert (
        await job_rows.pool.fetchval("select ai_cost_nano_usd from analysis.runs where id = $1", run_id)
        == 500
    )
    assert await job_rows.pool.fetchval("select count(*) from analysis.ai_usage_logs") == 1


async def test_old_days_of_cost_limits_are_deleted_and_later_ones_stay(job_rows: JobRows) -> None:
    today = datetime.now(UTC).date()
    for days in (91, 90, 0):
        row = {"account_id": new_id(), "day": today - timedelta(days=days), "spent_nano_usd": 5}
        await insert(job_rows.pool, "analysis.daily_costs", row)
    assert await job_rows.clean_up() == {"daily_costs": 1}
    assert await job_rows.pool.fetchval("select count(*) from analysis.daily_costs") == 2


async def test_leads_deleted_a_month_ago_go_with_their_analyses_and_others_stay(job_rows: JobRows) -> None:
    gone, young, live = (
        await job_rows.lead(deleted=31),
        await job_rows.lead(deleted=29),
        await job_rows.lead(),
    )
    alone = await job_rows.lead()
    await job_rows.pool.execute(
        "update analysis.analyses set deleted_at = now() - interval '31 days' where lead_id = $1", alone
    )
    assert await job_rows.clean_up() == {"analyses": 1, "leads": 1}
    left = await job_rows.pool.fetch("select id from analysis.leads")
    assert {row["id"] for row in left} == {young, live, alone}
    rows = await job_rows.pool.fetch("select lead_id from analysis.analyses")
    assert {row["lead_id"] for row in rows} == {young, live}
    # The run stays for the ledger's sake, and points at nothing.
    assert (
        await job_rows.pool.fetchval(
            "select count(*) from analysis.runs where lead_id is null and ai_cost_nano_usd = 77"
        )
        == 1
    )
    assert gone not in {row["id"] for row in left}


async def test_an_account_deleted_a_month_ago_leaves_only_its_runs_numbers(
    job_rows: JobRows,
) -> None:
    closed, recent = new_id(), new_id()
    for account_id, days in ((closed, 31), (recent, 29)):
        await job_rows.gateway.execute(
            "insert into identity.accounts (id, name, deleted_at) values ($1, 'x', now() - make_interval(days => $2))",
            account_id,
            days,
        )
        await job_rows.lead(account_id=account_id)
    assert await job_rows.clean_up() == {
        "leads_of_closed_accounts": 1,
        "costs_of_closed_accounts": 1,
        "runs.username": 1,
    }
    row = await job_rows.pool.fetchrow("select * from analysis.runs where account_id = $1", closed)
    assert row is not None
    assert (row["username"], row["user_id"], row["lead_id"], row["ai_cost_nano_usd"]) == ("-", None, None, 77)
    assert (
        await job_rows.pool.fetchval("select count(*) from analysis.leads where account_id = $1", recent) == 1
    )
    # Also once the gateway has purged it.
    await job_rows.gateway.execute(
        "insert into identity.purged_accounts (account_id, deleted_at) values ($1, now() - interval '40 days')",
        closed,
    )
    await job_rows.lead(account_id=closed)
    assert (await job_rows.clean_up())["leads_of_closed_accounts"] == 1


async def test_a_purge_removes_personal_data_and_continues_after_an_error(job_rows: JobRows) -> None:
    closed, live = new_id(), new_id()
    for account_id, deleted_at in ((closed, datetime.now(UTC) - timedelta(days=31)), (live, None)):
        await job_rows.gateway.execute(
            "insert into identity.accounts (id, name, deleted_at) values ($1, 'x', $2)",
            account_id,
            deleted_at,
        )
        await job_rows.has_everything(account_id)
    # A lead that another transaction locks: the purge skips it and continues.
    async with job_rows.pool.acquire() as connection, connection.transaction():
        await connection.execute("select from analysis.leads where account_id = $1 for update", closed)
        progress = JobProgress()
        await DailyCleanup(PostgresExpired(AdminClient(job_rows.pool), scrape_names_kept_days=30))(
            SLOT, progress
        )
        assert progress.failed == 1
        assert await job_rows.traces(closed) == ["leads", "analyses"]
    await job_rows.clean_up()
    assert await job_rows.traces(closed) == []
    assert len(await job_rows.traces(live)) == 8


async def test_much_goes_in_batches(job_rows: JobRows) -> None:
    await job_rows.pool.execute(
        "insert into analysis.ai_usage_logs (id, run_id, account_id, call, attempt, provider, model, prompt_version, created_at)"
        " select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 's', 1, 'o', 'm', 'v', now() - interval '100 days'"
        " from generate_series(1, 2500)"
    )
    statements = await asyncio.gather(*(job_rows.clean_up() for _ in range(3)))
    assert sum(counts.get("ai_usage_logs", 0) for counts in statements) == 2500


async def test_items_stored_without_a_cache_are_deleted_after_two_days(job_rows: JobRows) -> None:
    for days in (1, 3):
        at = datetime.now(UTC) - timedelta(days=days)
        await job_rows.scrape("ended", outcome="fetched", item={"a": 1}, ended_at=at)
    assert await job_rows.clean_up() == {"scrapes.item": 1}


async def test_a_scrape_loses_its_name_after_a_month_and_keeps_its_cost_and_its_run(
    job_rows: JobRows,
) -> None:
    now = datetime.now(UTC)
    personal = {"username": "a.stranger", "reason_detail": "a.stranger is private", "profile_id": "123"}
    old = await job_rows.scrape(
        "ended",
        outcome="unavailable",
        ended_at=now - timedelta(days=31),
        cost_nano_usd=7,
        actor_run_id="actor",
        **personal,
    )
    young = await job_rows.scrape("ended", outcome="fetched", ended_at=now - timedelta(days=29), **personal)
    running = await job_rows.scrape("running", created_at=now - timedelta(days=31), **personal)
    run_id = await job_rows.run("completed", scrape_id=old)
    assert await job_rows.clean_up() == {"scrapes.username": 1}
    row = await job_rows.pool.fetchrow("select * from analysis.scrapes where id = $1", old)
    assert row is not None
    assert (row["username"], row["reason_detail"], row["profile_id"], row["actor_run_id"]) == (
        "-",
        None,
        None,
        None,
    )
    assert (row["outcome"], row["cost_nano_usd"]) == ("unavailable", 7)
    assert await job_rows.pool.fetchval("select scrape_id from analysis.runs where id = $1", run_id) == old
    named = await job_rows.pool.fetch("select id from analysis.scrapes where username = 'a.stranger'")
    assert {row["id"] for row in named} == {young, running}
    assert await job_rows.clean_up() == {}
