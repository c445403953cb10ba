"""Data points over a real bus into a real database: each counts once, in its hour, for every fate of its message."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from nats.js import JetStreamContext
from oslira_devstack.databases import Database
from oslira_devstack.servers.contract import Nats
from oslira_gateway.insights.bus import land_points
from oslira_gateway.insights.postgres_points import PostgresPoints
from oslira_gateway.insights.roll_up import roll_up
from oslira_gateway.operations.daily_cleanup import DailyCleanup
from oslira_shared.bus.connection import Bus
from oslira_shared.bus.provision import provision_bus
from oslira_shared.contracts.points import Metric, Point, PointBatch, points_subject
from oslira_shared.ids import derived_id, new_id
from oslira_shared.jobs import JobProgress
from oslira_shared.observability.bus_points import BusPoints
from oslira_shared.postgres.clients import AdminClient, Pool, open_pool

ACCOUNTS = [derived_id("account", number) for number in range(3)]
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest_asyncio.fixture
async def pool(database: Database) -> AsyncGenerator[Pool]:
    async with await open_pool(database.url("gateway_service"), service="gateway") as opened:
        yield opened


def batches(count: int, *, seed: int = 1) -> list[PointBatch]:
    """Of three accounts, over four hours, each hour in many batches."""
    dice = random.Random(seed)
    made: list[PointBatch] = []
    for _ in range(count):
        points = [
            Point(
                at=NOON + timedelta(seconds=dice.randrange(4 * 3_600)),
                account_id=dice.choice(ACCOUNTS),
                metric=dice.choice(list(Metric)),
                label=dice.choice(["GET /v1/leads 200", "light scoring"]),
                value_us=round(10 ** dice.uniform(1, 8)),
            )
            for _ in range(40)
        ]
        made.append(PointBatch(batch_id=new_id(), points=points))
    return made


async def rolled_up(pool: Pool) -> list[tuple[Any, ...]]:
    rows = await pool.fetch("select * from insights.hourly order by account_id, metric, hour, label")
    return [tuple(row) for row in rows]


def expected(made: list[PointBatch]) -> list[tuple[Any, ...]]:
    sums = roll_up(point for batch in made for point in batch.points)
    return [
        (key.account_id, key.metric, key.hour, key.label, one.count, one.total_us, one.buckets)
        for key, one in sums.items()
    ]


async def test_batches_count_once_however_often_and_in_whatever_order_they_come(pool: Pool) -> None:
    points, made = PostgresPoints(AdminClient(pool)), batches(12)
    deliveries = [*made, *made, *made[:4]]
    random.Random(2).shuffle(deliveries)
    landed = await asyncio.gather(*(points.land(batch) for batch in deliveries))
    assert sum(landed) == len(made)
    assert await rolled_up(pool) == expected(made)
    assert await pool.fetchval("select count(*) from insights.points") == 12 * 40


async def test_a_batch_that_does_not_fit_leaves_nothing_behind(pool: Pool) -> None:
    points, (good,) = PostgresPoints(AdminClient(pool)), batches(1)
    broken = good.points[0].model_copy(update={"value_us": -1})
    bad = PointBatch.model_construct(batch_id=good.batch_id, points=[*good.points[1:], broken])
    with pytest.raises(Exception, match="value_us"):
        await points.land(bad)
    assert await points.land(good)
    assert await rolled_up(pool) == expected([good])


async def test_what_is_old_goes_with_the_daily_clean_up(pool: Pool) -> None:
    await pool.execute(
        "insert into insights.points (account_id, metric, label, at, value_us, batch_id)"
        " select $1, 'step', 'x', now() - make_interval(days => d), 1, $1 from unnest(array[6, 8, 9]) as d",
        ACCOUNTS[0],
    )
    await pool.execute(
        "insert into insights.batches (batch_id, stored_at)"
        " select gen_random_uuid(), now() - make_interval(days => d) from unnest(array[7, 9]) as d"
    )
    await pool.execute(
        "insert into insights.hourly (account_id, metric, hour, label, count, total_us, buckets)"
        " select a, 'step', now() - make_interval(days => d), 'x', 1, 1, '{1}'"
        " from unnest($1::uuid[]) as a, unnest(array[1, 401]) as d",
        ACCOUNTS[:2],
    )
    await pool.execute(
        "insert into identity.purged_accounts (account_id, deleted_at) values ($1, now())", ACCOUNTS[1]
    )
    progress = JobProgress()
    await DailyCleanup(AdminClient(pool))(datetime.now(UTC), progress)
    assert progress.deleted == {
        "points": 2,
        "point_batches": 1,
        "hourly_insights": 2,
        "insights_of_purged_accounts": 1,
    }
    assert progress.failed == 0


async def seen(look: Callable[[], Awaitable[Any]], wanted: Any) -> None:
    async with asyncio.timeout(20):
        while await look() != wanted:  # another connection has no event for it
            await asyncio.sleep(0.05)


async def test_points_arrive_over_the_bus_and_a_wiped_one_only_loses_what_it_held(
    pool: Pool, own_nats: Nats, tester: JetStreamContext
) -> None:
    gateway = Bus(own_nats.url("gateway"), service="gateway")
    analysis = Bus(own_nats.url("analysis"), service="analysis")
    land_points(gateway, PostgresPoints(AdminClient(pool)))
    points = BusPoints(analysis, now=lambda: NOON)
    count = "select coalesce(sum(count), 0) from insights.hourly"

    async def measure(number: int) -> None:
        for _ in range(number):
            points.emit(Metric.STEP, "light scoring", 1_000, account_id=ACCOUNTS[0])
        await points.send()

    await measure(3)  # nobody is there yet: kept
    for bus in (gateway, analysis):
        await bus.start()
    try:
        await provision_bus(tester)
        async with asyncio.timeout(10):
            while not analysis.is_connected:  # it has no event for it
                await asyncio.sleep(0.02)
        await measure(205)
        await seen(lambda: pool.fetchval(count), 208)
        # Told again by whoever was not sure: the server has another id for it, the table has not.
        (batch,) = batches(1)
        for number in range(2):
            await analysis.publish(points_subject("analysis"), batch, msg_id=f"{batch.batch_id}:{number}")
        await seen(lambda: pool.fetchval(count), 248)
        info = await tester.consumer_info("EVENTS", "gateway_points")
        assert info.num_redelivered == 0
        await tester.delete_stream("EVENTS")
        await measure(5)  # refused: kept until there is a stream again
        await provision_bus(tester)
        await measure(1)
        await seen(lambda: pool.fetchval(count), 254)
        assert await pool.fetchval("select count(*) from insights.points") == 254
        stored = await tester.get_last_msg("EVENTS", points_subject("analysis"))
        assert (stored.headers or {})["Nats-TTL"] == "3600"
    finally:
        for bus in (gateway, analysis):
            await bus.stop()
