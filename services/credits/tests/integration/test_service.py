"""The credits service on real NATS and Postgres, beside an analysis that answers what the test tells it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import nats
import pytest
import pytest_asyncio
from nats.aio.client import Client
from oslira_credits.bootstrap import build
from oslira_credits.domain.balance import Balance
from oslira_credits.domain.notices import BalanceFell
from oslira_credits.infrastructure.bus import BusAnnouncements
from oslira_credits.infrastructure.postgres import PostgresLedger
from oslira_credits.settings import CreditsSettings
from oslira_devstack.databases import Database
from oslira_devstack.servers.contract import Nats
from oslira_shared.bus.connection import Bus
from oslira_shared.bus.provision import provision_bus
from oslira_shared.contracts.analysis import v1 as analysis
from oslira_shared.contracts.analysis.v1 import OutcomeState, RunStatus
from oslira_shared.contracts.credits import v1 as contracts
from oslira_shared.errors import OsliraError
from oslira_shared.ids import derived_id, new_id
from oslira_shared.postgres.clients import Pool, open_pool
from oslira_shared.runtime import Runtime


class World:
    """A running credits service, its ledger, and the other services' ends of the bus."""

    def __init__(self, pool: Pool, peer: Bus, operator: Client) -> None:
        self.pool = pool
        self.ledger = PostgresLedger(pool)
        self.peer = peer
        self.jetstream = operator.jetstream()
        self.outcomes: dict[UUID, analysis.Outcome] = {}
        self.asked: list[UUID] = []
        self.account_id = uuid4()

        @peer.responder(analysis.OUTCOME)
        async def answer_outcome(request: analysis.OutcomeRequest) -> analysis.Outcome:
            self.asked.append(request.hold_id)
            unknown = analysis.Outcome(hold_id=request.hold_id, state=OutcomeState.UNKNOWN, capture_credits=0)
            return self.outcomes.get(request.hold_id, unknown)

    def ends(self, hold_id: UUID, state: OutcomeState, capture: int = 0) -> None:
        self.outcomes[hold_id] = analysis.Outcome(hold_id=hold_id, state=state, capture_credits=capture)

    async def hold(self, amount: int = 1, hold_id: UUID | None = None) -> contracts.Held:
        request = contracts.HoldRequest(
            hold_id=hold_id or uuid4(), account_id=self.account_id, amount_credits=amount
        )
        return await self.peer.request(contracts.HOLD, request, contracts.Held)

    async def announce(self, hold_id: UUID) -> None:
        event = analysis.RunEnded(
            event_id=derived_id("ended", hold_id),
            run_id=hold_id,
            account_id=self.account_id,
            status=RunStatus.COMPLETED,
        )
        await self.peer.publish(analysis.RUN_ENDED, event, msg_id=str(new_id()))

    async def told(self, count: int) -> list[contracts.Settled]:
        """The `settled` events, once there are `count` of them."""
        return [
            contracts.Settled.model_validate_json(data)
            for data in await self.events(contracts.SETTLED, count)
        ]

    async def events(self, subject: str, count: int) -> list[bytes]:
        """What was told on a subject, once that is `count` messages."""
        await until(lambda: self._is_told(subject, count))
        messages = [
            await self.jetstream.get_msg("EVENTS", sequence)
            for sequence in range(1, 1 + (await self.jetstream.stream_info("EVENTS")).state.last_seq)
        ]
        return [message.data or b"" for message in messages if message.subject == subject]

    async def _is_told(self, subject: str, count: int) -> bool:
        info = await self.jetstream.stream_info("EVENTS", subjects_filter=subject)
        return (info.state.subjects or {}).get(subject, 0) >= count

    async def spend(self, amount: int) -> None:
        await self.pool.execute("select public.deduct_credits($1, $2, 'x', '')", self.account_id, -amount)

    async def all_told(self) -> None:
        """Until no notice waits."""

        async def none_waits() -> bool:
            return await self.pool.fetchval("select count(*) from credits.notices") == 0

        await until(none_waits)

    async def balance(self) -> Balance:
        return (await self.ledger.purse(self.account_id)).balance


async def until(holds: Callable[[], Awaitable[bool]], *, timeout_s: float = 15) -> None:
    async with asyncio.timeout(timeout_s):
        while not await holds():  # another process's state has no event to wait for
            await asyncio.sleep(0.05)


@pytest_asyncio.fixture
async def world(own_nats: Nats, database: Database) -> AsyncGenerator[World]:
    operator = await nats.connect(own_nats.url("tester"))
    await provision_bus(operator.jetstream())
    settings = CreditsSettings.model_validate(
        {
            "OSLIRA_ENV": "development",
            "NATS_URL": own_nats.url("credits"),
            "DATABASE_URL": database.url("credits_service"),
            "OSLIRA_SWEEP_EVERY_S": 0.2,
            "ANONYMOUS_ANALYSES": "off",
            "OSLIRA_HOLD_EXTENSION_S": 0.5,
            "OSLIRA_INTERNAL_PORT": 0,
            "OSLIRA_INTERNAL_HOST": "127.0.0.1",
        }
    )
    pool = await open_pool(database.url("credits_service"), service="credits")
    runtime = Runtime(settings, pool)
    await build(runtime, settings)
    # As the tester: this one stands for all who ask credits.
    peer = Bus(own_nats.url("tester"), service="analysis")
    world = World(pool, peer, operator)
    await world.ledger.grant(world.account_id, 5, source="pack", key=str(uuid4()))
    await peer.start()
    living = asyncio.create_task(runtime.live())
    await until(lambda: _is_up(runtime, peer))
    yield world
    await peer.stop()
    runtime.stopping.set()
    await living
    await operator.close()


async def _is_up(runtime: Runtime, peer: Bus) -> bool:
    if runtime.bus.state() != "ok" or peer.state() != "ok":
        return False
    request = contracts.BalanceRequest(account_id=uuid4())
    try:
        await peer.request(contracts.BALANCE, request, contracts.Balance, timeout_s=1)
    except OsliraError:
        return False
    return True


async def test_a_balance_names_its_grants(world: World) -> None:
    await world.hold(2)
    request = contracts.BalanceRequest(account_id=world.account_id)
    balance = await world.peer.request(contracts.BALANCE, request, contracts.Balance)
    assert (balance.available, balance.held) == (3, 2)
    (grant,) = balance.grants
    assert (grant.source, grant.available_credits, grant.granted_credits) == ("pack", 3, 5)


async def test_of_fifty_requests_on_five_credits_five_are_held(world: World) -> None:
    answers = await asyncio.gather(*(world.hold() for _ in range(50)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, OsliraError)]
    assert (len(answers) - len(refused), len(refused)) == (5, 45)
    assert {answer.code for answer in refused} == {"insufficient_credits"}
    assert all(answer.extra == {"need": 1, "balance": 0} for answer in refused)


async def test_a_bad_amount_is_an_invalid_request(world: World) -> None:
    with pytest.raises(OsliraError) as refused:
        await world.hold(-1)
    assert refused.value.code == "invalid_request"


async def test_a_run_that_completed_is_captured_when_it_is_announced(world: World) -> None:
    held = await world.hold(3)
    world.ends(held.hold_id, OutcomeState.COMPLETED, 2)
    await world.announce(held.hold_id)
    (settled,) = await world.told(1)
    assert (settled.hold_id, settled.account_id) == (held.hold_id, world.account_id)
    assert await world.balance() == Balance(3, 0)


async def test_a_run_announced_again_is_settled_once_and_told_again_with_the_same_event_id(
    world: World,
) -> None:
    held = await world.hold(3)
    world.ends(held.hold_id, OutcomeState.COMPLETED, 2)
    for count in (1, 2, 3):
        await world.announce(held.hold_id)
        told = await world.told(count)
    assert len({event.event_id for event in told}) == 1
    assert world.asked == [held.hold_id]
    assert await world.balance() == Balance(3, 0)


async def test_a_crash_between_commit_and_publish_is_made_good_when_announced_again(world: World) -> None:
    held = await world.hold(3)
    await world.ledger.settle(held.hold_id, 1)  # committed, and the process died before it told anyone
    await world.announce(held.hold_id)
    (settled,) = await world.told(1)
    assert settled.hold_id == held.hold_id
    assert await world.balance() == Balance(4, 0)


async def test_an_end_announced_before_its_hold_refuses_the_hold(world: World) -> None:
    hold_id = uuid4()
    await world.announce(hold_id)
    await world.told(1)
    with pytest.raises(OsliraError) as refused:
        await world.hold(1, hold_id)
    assert refused.value.code == "id_closed"
    assert await world.balance() == Balance(5, 0)


async def test_a_settlement_asked_for_says_whether_the_run_is_over(world: World) -> None:
    held = await world.hold(3)
    request = contracts.SettleRequest(hold_id=held.hold_id)
    world.ends(held.hold_id, OutcomeState.UNFINISHED)
    unfinished = await world.peer.request(contracts.SETTLE, request, contracts.Settlement)
    assert not unfinished.is_settled
    world.ends(held.hold_id, OutcomeState.CANCELLED)
    settled = await world.peer.request(contracts.SETTLE, request, contracts.Settlement)
    assert (settled.is_settled, settled.captured_credits, settled.released_credits) == (True, 0, 3)


async def test_holds_nobody_speaks_of_are_decided_when_they_come_due(world: World) -> None:
    paid, lost, at_work = (uuid4() for _ in range(3))
    world.ends(paid, OutcomeState.COMPLETED, 1)
    world.ends(at_work, OutcomeState.UNFINISHED)
    for hold_id in (paid, lost, at_work):
        await world.ledger.hold(hold_id, world.account_id, 1, life=timedelta(0))

    async def is_decided() -> bool:
        holds = [await world.ledger.find(hold_id) for hold_id in (paid, lost)]
        return all(hold is not None and hold.settlement is not None for hold in holds) and (
            at_work in world.asked
        )

    await until(is_decided)
    assert await world.balance() == Balance(3, 1)


async def test_nothing_is_decided_while_analysis_is_away(world: World) -> None:
    await world.peer.stop()
    held = await world.ledger.hold(uuid4(), world.account_id, 1, life=timedelta(0))
    await asyncio.sleep(1)  # several sweeps
    hold = await world.ledger.find(held.hold_id)
    assert hold is not None
    assert hold.settlement is None
    assert await world.balance() == Balance(4, 1)
    moved_to = await world.ledger.extend(held.hold_id, life=timedelta(0))
    assert moved_to is not None
    assert timedelta(seconds=1) < moved_to - held.expires_at < timedelta(seconds=30)


async def test_a_poison_message_is_dead_lettered_and_the_next_one_is_handled(world: World) -> None:
    held = await world.hold()
    world.ends(held.hold_id, OutcomeState.FAILED)
    await world.jetstream.publish(analysis.RUN_ENDED, b'{"event_id": "not a uuid"}')
    await world.jetstream.publish(analysis.RUN_ENDED, b"\xff not json")
    await world.announce(held.hold_id)
    await world.told(1)
    dead = await world.jetstream.stream_info("DEAD", subjects_filter="dead.>")
    assert (dead.state.subjects or {}) == {"dead.EVENTS.credits_outcomes": 2}


async def test_a_hold_lives_fifteen_times_its_first_life_while_its_run_waits(world: World) -> None:
    hold_id, first_life = uuid4(), timedelta(seconds=0.2)
    world.ends(hold_id, OutcomeState.UNFINISHED)
    await world.ledger.hold(hold_id, world.account_id, 2, life=first_life)
    await asyncio.sleep(15 * first_life.total_seconds())
    assert hold_id in world.asked  # it came due, and was extended
    assert await world.balance() == Balance(3, 2)
    world.ends(hold_id, OutcomeState.COMPLETED, 2)
    await world.announce(hold_id)
    await world.told(1)
    assert await world.balance() == Balance(3, 0)


async def test_every_grant_is_told_once_whoever_made_it(world: World, database: Database) -> None:
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


async def test_a_low_balance_is_told_once_per_crossing_whatever_crosses(world: World) -> None:
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


async def test_news_from_before_a_crash_is_told_once_however_far_it_got(
    world: World, own_nats: Nats, database: Database
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


async def test_news_waits_for_the_bus(world: World, own_nats: Nats) -> None:
    await world.all_told()
    await own_nats.stop()
    await world.spend(2)
    await asyncio.sleep(0.6)  # a few sweeps
    assert await world.pool.fetchval("select count(*) from credits.notices") == 1
    await own_nats.start()
    await world.all_told()
    assert len(await world.events(contracts.LOW_BALANCE, 1)) == 1


async def test_what_expires_is_booked_out_by_the_service(world: World) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=0.3)
    await world.ledger.grant(world.account_id, 9, source="plan", key=str(uuid4()), expires_at=soon)

    async def is_booked() -> bool:
        query = "select amount from credits.balances where account_id = $1 and kind = 'expired'"
        return await world.pool.fetchval(query, world.account_id) == 9

    await until(is_booked)
    assert await world.balance() == Balance(5, 0)


async def test_the_threshold_in_force_is_the_services_setting(world: World) -> None:
    query = "select low_balance_credits from credits.policy"
    await until(lambda: _is(world.pool, query, 5))
    await world.ledger.set_low_balance(2)
    assert await world.pool.fetchval(query) == 2
    await world.spend(2)
    await world.all_told()
    assert await world.pool.fetchval("select is_low from credits.purses") is False


async def _is(pool: Pool, query: str, value: int) -> bool:
    return await pool.fetchval(query) == value


async def test_a_balance_says_what_is_disputed_and_what_is_owed(world: World) -> None:
    await world.ledger.grant(world.account_id, 3, source="pack", key="disputed")
    await world.pool.execute("select credits.freeze('disputed', 'dispute', $1)", world.account_id)
    request = contracts.BalanceRequest(account_id=world.account_id)
    balance = await world.peer.request(contracts.BALANCE, request, contracts.Balance)
    assert (balance.available, balance.frozen, balance.debt) == (5, 3, 0)
