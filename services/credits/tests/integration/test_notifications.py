"""Events of grants and low balances: each is published once, also after a crash or without the bus."""

import asyncio
from uuid import uuid4

import asyncpg
from oslira_credits.domain.notifications import BalanceFell
from oslira_credits.infrastructure.bus import BusAnnouncements
from oslira_devstack.databases import Database
from oslira_devstack.servers.contract import Nats
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.credits import v1 as contracts
from oslira_shared.postgres.clients import Pool
from served_credits import ServedCredits, until


async def test_every_grant_is_published_once_for_every_writer(
    world: ServedCredits, database: Database
) -> None:
    billing = await asyncpg.connect(database.url("billing_service"))
    for key in ("one", "one", "two"):
        await billing.execute("select credits.grant($1, 7, 'invoice', $2)", world.account_id, key)
    await billing.close()
    await world.pool.execute("select public.deduct_credits($1, 2, 'gift', '')", world.account_id)
    await world.all_told()
    told = [contracts.Granted.model_validate_json(data) for data in await world.events(contracts.GRANTED, 4)]
    assert [(event.amount_credits, event.source) for event in told] == [
        (5, "pack"),
        (7, "invoice"),
        (7, "invoice"),
        (2, "gift"),
    ]
    assert len({(event.event_id, event.grant_id) for event in told}) == 4


async def test_a_low_balance_is_published_once_per_crossing(world: ServedCredits) -> None:
    held = await world.hold(1)  # 5 → 4: the first crossing
    await world.spend(1)
    await world.ledger.grant(world.account_id, 1, source="pack", key=str(uuid4()))  # 4: not above it yet
    await world.spend(1)
    await world.ledger.settle(held.hold_id, 0)
    await world.ledger.grant(world.account_id, 3, source="pack", key=str(uuid4()))  # 7: above it
    await world.spend(1)
    await world.spend(4)  # the second
    await world.all_told()
    told = [
        contracts.LowBalance.model_validate_json(data)
        for data in await world.events(contracts.LOW_BALANCE, 2)
    ]
    assert [(event.available, event.threshold) for event in told] == [(4, 5), (2, 5)]


async def test_events_from_before_a_crash_are_published_once(
    world: ServedCredits, own_nats: Nats, database: Database
) -> None:
    notice = BalanceFell(uuid4(), world.account_id, 1, 5)
    bus = Bus(own_nats.url("credits"), service="credits")
    await bus.start()
    await until(lambda: _is_connected(bus))
    await BusAnnouncements(bus).notice(notice)
    await bus.stop()
    # The process died before it could forget what it had told.
    admin = await asyncpg.connect(database.admin_url)
    await admin.execute(
        "begin; set local role credits_owner;"
        " insert into credits.notices (id, kind, account_id, available, threshold)"
        f" values ('{notice.notice_id}', 'low_balance', '{notice.account_id}', 1, 5); commit"
    )
    await admin.close()
    await world.all_told()
    assert len(await world.events(contracts.LOW_BALANCE, 1)) == 1


async def _is_connected(bus: Bus) -> bool:
    return bus.is_connected


async def test_news_waits_for_the_bus(world: ServedCredits, own_nats: Nats) -> None:
    await world.all_told()
    await own_nats.stop()
    await world.spend(2)
    await asyncio.sleep(0.6)  # a few sweeps
    assert await world.pool.fetchval("select count(*) from credits.notices") == 1
    await own_nats.start()
    await world.all_told()
    assert len(await world.events(contracts.LOW_BALANCE, 1)) == 1


async def test_the_threshold_in_force_is_the_services_setting(world: ServedCredits) -> None:
    query = "select low_balance_credits from credits.policy"
    await until(lambda: _is(world.pool, query, 5))
    await world.ledger.set_low_balance(2)
    assert await world.pool.fetchval(query) == 2
    await world.spend(2)
    await world.all_told()
    assert await world.pool.fetchval("select is_low from credits.account_balances") is False


async def _is(pool: Pool, query: str, value: int) -> bool:
    return await pool.fetchval(query) == value
