"""Insights and costs on a real Postgres: what is counted, when, and for whom."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest_asyncio
from oslira_devstack.databases import Database
from oslira_devstack.make_user import MadeUser, make_user
from oslira_gateway.identity.caller import Caller, Member
from oslira_gateway.insights.cache import cache
from oslira_gateway.insights.outcomes import outcomes
from oslira_gateway.insights.period import Bucket, Period
from oslira_gateway.insights.postgres import PostgresInsights
from oslira_gateway.insights.postgres_costs import PostgresLedger
from oslira_gateway.insights.postgres_points import PostgresPoints
from oslira_shared.contracts.points import Metric, Point, PointBatch
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import AdminClient, Pool, open_pool

DAY = datetime(2026, 11, 20, tzinfo=UTC)
PERIOD = Period(DAY, DAY + timedelta(days=2))
_RUN = """
insert into analysis.runs (id, state, account_id, user_id, business_profile_id, type, username, price_credits, max_age_s, error_code,
                           is_from_cache, is_new_lead, created_at, finished_at)
values ($1::uuid, $2, $3, $4, $5, $6, 'someone.' || ($1::uuid)::text, $7, 3600, $8, $9, $10, $11, $12)
"""
# Sums are written to runs by their calls' end: their own inserts begin at nothing.
_SPENT = """
update analysis.runs set call_count = 1, input_tokens = 1000, cached_tokens = 400, output_tokens = 10,
       ai_cost_nano_usd = $2, scrape_cost_nano_usd = $3 where id = $1
"""


@pytest_asyncio.fixture
async def pool(database: Database) -> AsyncGenerator[Pool]:
    async with await open_pool(database.url("gateway_service"), service="gateway") as opened:
        yield opened


@pytest_asyncio.fixture
async def engine(database: Database) -> AsyncGenerator[Pool]:
    async with await open_pool(database.url("analysis_service"), service="analysis") as opened:
        yield opened


async def joined(pool: Pool, email: str) -> tuple[MadeUser, Member]:
    async with pool.acquire() as connection:
        made = await make_user(connection, email=email)
    return made, Member(Caller(made.user_id), made.account_id, "owner")


async def ran(
    engine: Pool, user: MadeUser, state: str, *, hour: int = 1, kind: str = "light", **more: Any
) -> None:
    """A run that was asked for at this hour of the first day, and ended, if it did, a minute later."""
    run_id, at = new_id(), DAY + timedelta(hours=hour)
    ended = at + timedelta(minutes=1) if state in {"completed", "failed", "cancelled"} else None
    await engine.execute(
        _RUN,
        run_id,
        state,
        user.account_id,
        user.user_id,
        user.business_profile_id,
        kind,
        {"light": 1, "xray": 3}[kind],
        more.get("error_code"),
        more.get("is_from_cache"),
        state == "completed",
        at,
        ended,
    )
    await engine.execute(_SPENT, run_id, more.get("ai_nano", 0), more.get("scrape_nano", 0))


async def test_an_accounts_insights_are_its_own_of_that_time(pool: Pool, engine: Pool) -> None:
    user, member = await joined(pool, "one@oslira.test")
    other, stranger = await joined(pool, "two@oslira.test")
    await ran(engine, user, "completed", is_from_cache=True)
    await ran(engine, user, "completed", is_from_cache=False, hour=23)
    await ran(engine, user, "completed", is_from_cache=False, hour=24, kind="xray")
    await ran(engine, user, "failed", error_code="profile_private", is_from_cache=False)
    await ran(engine, user, "cancelled")
    await ran(engine, user, "queued")
    await ran(engine, user, "completed", hour=-1)  # before
    await ran(engine, user, "completed", hour=48)  # after
    await ran(engine, other, "completed")
    insights = PostgresInsights(pool)

    found = await insights.usage(member, PERIOD, Bucket.DAY)
    assert [(one.at, one.type, one.runs, one.completed, one.credits, one.new_leads) for one in found] == [
        (DAY, "light", 5, 2, 2, 2),
        (DAY + timedelta(days=1), "xray", 1, 1, 3, 1),
    ]
    hours = await insights.usage(member, PERIOD, Bucket.HOUR)
    assert [(one.at.hour, one.runs) for one in hours] == [(1, 4), (23, 1), (0, 1)]
    light, xray = outcomes(PERIOD, *await insights.outcomes(member, PERIOD)).types
    assert (light.completed, light.failed, light.cancelled, light.unfinished) == (2, 1, 1, 1)
    assert (light.completed_rate, light.failures[0].code) == (0.5, "profile_private")
    assert (xray.runs, xray.completed_rate) == (1, 1.0)

    # Nobody looks into another's account, whatever account their request names.
    thief = Member(stranger.caller, member.account_id, "owner")
    assert await insights.usage(thief, PERIOD, Bucket.DAY) == []
    assert await insights.outcomes(thief, PERIOD) == ([], [])
    assert [one.runs for one in await insights.usage(stranger, PERIOD, Bucket.DAY)] == [1]


async def test_what_was_measured_is_the_accounts_own_too(pool: Pool, engine: Pool) -> None:
    user, member = await joined(pool, "one@oslira.test")
    _, stranger = await joined(pool, "two@oslira.test")
    await ran(engine, user, "completed", is_from_cache=True)
    await ran(engine, user, "completed", is_from_cache=False)

    def point(label: str, hour: int, value_us: int = 1_000, metric: Metric = Metric.REQUEST) -> Point:
        at = DAY + timedelta(hours=hour, minutes=5)
        return Point(at=at, account_id=user.account_id, metric=metric, label=label, value_us=value_us)

    points = [
        *[point("POST /v1/analyses 202", hour) for hour in (0, 1, 47)],
        *[point("POST /v1/analyses 200", hour) for hour in (1, 48)],
        point("GET /v1/leads 200", 1, 8_000),
        point("light scoring", 1, 9_000_000, Metric.STEP),
    ]
    await PostgresPoints(AdminClient(pool)).land(PointBatch(batch_id=new_id(), points=points))
    insights = PostgresInsights(pool)

    found = await insights.latency(member, PERIOD)
    assert {key: (one.count, one.total_us) for key, one in found.items()} == {
        ("request", "POST /v1/analyses 202"): (3, 3_000),
        ("request", "POST /v1/analyses 200"): (1, 1_000),
        ("request", "GET /v1/leads 200"): (1, 8_000),
        ("step", "light scoring"): (1, 9_000_000),
    }
    cached = cache(PERIOD, Bucket.DAY, await insights.cache(member, PERIOD, Bucket.DAY))
    first, second = cached.items
    assert (first.profiles.rate, first.analyses.hits, first.analyses.misses) == (0.5, 1, 2)
    assert (first.prompt_tokens.hits, first.prompt_tokens.misses) == (800, 1_200)
    assert (second.at, second.analyses.misses, second.profiles.rate) == (DAY + timedelta(days=1), 1, None)

    thief = Member(stranger.caller, member.account_id, "owner")
    assert await insights.latency(thief, PERIOD) == {}
    assert await insights.cache(thief, PERIOD, Bucket.DAY) == []


async def test_costs_are_of_all_who_caused_them_and_of_the_time_when_runs_ended(
    pool: Pool, engine: Pool
) -> None:
    user, _ = await joined(pool, "one@oslira.test")
    other, _ = await joined(pool, "two@oslira.test")
    await ran(engine, user, "completed", ai_nano=5, scrape_nano=2)
    await ran(engine, user, "failed", error_code="profile_private", scrape_nano=2)
    await ran(engine, other, "completed", kind="xray", ai_nano=90)
    await ran(engine, other, "completed", hour=48, ai_nano=1_000)  # ended after
    ledger = PostgresLedger(AdminClient(pool))

    total = await ledger.in_all(PERIOD)
    assert (total.runs, total.credits, total.cost_nano_usd, total.calls) == (3, 4, 99, 3)
    by_account = await ledger.by_account(PERIOD, limit=9)
    assert [(one.account_id, one.user_id, one.credits, one.cost_nano_usd) for one in by_account] == [
        (other.account_id, None, 3, 90),
        (user.account_id, None, 1, 9),
    ]
    (first,) = await ledger.by_user(PERIOD, limit=1)
    assert (first.account_id, first.user_id, first.type) == (other.account_id, other.user_id, None)
    by_type = {
        one.type: (one.runs, one.ai_cost_nano_usd, one.scrape_cost_nano_usd)
        for one in await ledger.by_type(PERIOD)
    }
    assert by_type == {"xray": (1, 90, 0), "light": (2, 5, 4)}
    nothing = await ledger.in_all(Period(DAY - timedelta(days=9), DAY - timedelta(days=8)))
    assert (nothing.runs, nothing.cost_nano_usd) == (0, 0)
