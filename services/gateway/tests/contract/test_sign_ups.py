"""New users get an account and the way to one trial, once, over memory and Postgres."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from uuid import UUID

import pytest
import pytest_asyncio
from memory_anonymous import MemoryChallenge
from memory_identity import MemoryFreePlans, MemoryMemberships, MemorySignUps
from oslira_devstack.databases import Database
from oslira_gateway.identity.begin_trial import BeginTrial
from oslira_gateway.identity.caller import Caller
from oslira_gateway.identity.ports import Memberships, SignUps
from oslira_gateway.identity.postgres import PostgresMemberships
from oslira_gateway.identity.postgres_sign_ups import PostgresSignUps
from oslira_gateway.identity.shares import TrialShares
from oslira_gateway.identity.sign_up import SignUp
from oslira_gateway.identity.start_trial import StartTrial, SweepSignUps
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import AdminClient, Pool, open_pool

PER_NETWORK = 2
PER_MAIL_HOST = 3


@dataclass
class World:
    """`plans` is billing; `pool` is None in memory."""

    sign_ups: SignUps
    memberships: Memberships
    plans: MemoryFreePlans
    pool: Pool | None = None

    challenge: MemoryChallenge = field(default_factory=MemoryChallenge)

    @property
    def sign_up(self) -> SignUp:
        return SignUp(self.sign_ups, StartTrial(self.sign_ups, self.plans), "secret")

    @property
    def begin_trial(self) -> BeginTrial:
        return BeginTrial(self.sign_ups, StartTrial(self.sign_ups, self.plans), self.challenge)

    async def signed_up(self, where: str, *, count: int, mail_host: str | None = None) -> list[UUID]:
        """New users of one network, and of one mail host if that is said."""
        made = [
            await self.sign_up(newcomer(f"{new_id()}@{mail_host}" if mail_host else None), ip_network(where))
            for _ in range(count)
        ]
        return [one for one in made if one is not None]

    async def statuses(self, accounts: Iterable[UUID]) -> list[str]:
        return [str(await self.begin_trial.status(account)) for account in accounts]

    async def refusal(self, account: UUID, response: str | None) -> str:
        with pytest.raises(OsliraError) as caught:
            await self.begin_trial(account, response)
        return caught.value.code

    async def sweep(self) -> None:
        await SweepSignUps(self.sign_ups, StartTrial(self.sign_ups, self.plans))()

    async def let_time_pass(self, seconds: int) -> None:
        """What waits for a time has reached it."""
        if self.pool is not None:
            await self.pool.execute(
                "update identity.sign_ups set due_at = due_at - make_interval(secs => $1),"
                " not_before = not_before - make_interval(secs => $1), lease_until = lease_until - make_interval(secs => $1)",
                seconds,
            )

    async def next_day(self) -> None:
        """The shares of all networks begin anew."""
        if isinstance(self.sign_ups, MemorySignUps):
            self.sign_ups.networks.clear()
        else:
            assert self.pool is not None
            await self.pool.execute("update identity.sign_up_networks set day = day - 1")
            await self.let_time_pass(86_400)


@pytest_asyncio.fixture(scope="module")
async def pool(module_database: Database) -> AsyncGenerator[Pool]:
    async with await open_pool(module_database.url("gateway_service"), service="gateway") as opened:
        yield opened


@pytest.fixture(params=["memory", "postgres"])
def world(request: pytest.FixtureRequest, shares: TrialShares) -> World:
    if request.param == "memory":
        memberships = MemoryMemberships()
        return World(
            MemorySignUps(memberships, shares),
            memberships,
            MemoryFreePlans(),
        )
    pool: Pool = request.getfixturevalue("pool")
    sign_ups = PostgresSignUps(AdminClient(pool), shares)
    return World(sign_ups, PostgresMemberships(pool), MemoryFreePlans(), pool)


@pytest.fixture
def shares() -> TrialShares:
    """Without a challenge, and with caps below what would need one."""
    return TrialShares(per_network=PER_NETWORK, per_mail_host=PER_MAIL_HOST, unchallenged=1_000)


challenged = pytest.mark.parametrize(
    "shares", [TrialShares(per_network=4, per_mail_host=4, unchallenged=2, has_challenge=True)], ids=[""]
)
unchallenged = pytest.mark.parametrize(
    "shares", [TrialShares(per_network=4, per_mail_host=4, unchallenged=2)], ids=[""]
)


def newcomer(email: str | None = None) -> Caller:
    user_id = new_id()
    return Caller(user_id, email=email or f"{user_id}@{user_id}.example", is_confirmed=True)


def network() -> str:
    """A network of its own, as SignUp takes it."""
    return f"2001:{new_id().hex[-8:-4]}:{new_id().hex[-4:]}:1::/64"


async def test_twenty_first_requests_make_one_account_and_ask_for_one_trial(world: World) -> None:
    who, where = newcomer(), ip_network(network())
    made = await asyncio.gather(*(world.sign_up(who, where) for _ in range(20)))
    accounts = [account for account in made if account is not None]
    assert len(accounts) == 1
    found = await world.memberships.of_user(who.user_id)
    assert [(m.account_id, m.role, m.kind) for m in found] == [(accounts[0], "owner", "personal")]
    assert world.plans.asked == {accounts[0]: 1}
    await world.let_time_pass(3_600)
    await world.sweep()
    assert world.plans.asked[accounts[0]] == 1


@pytest.mark.parametrize(
    "changes", [{"is_confirmed": False}, {"email": None, "is_confirmed": False}], ids=str
)
async def test_nobody_whose_address_is_not_confirmed_gets_anything(
    world: World, changes: dict[str, object]
) -> None:
    who = replace(newcomer(), **changes)  # pyright: ignore[reportArgumentType]
    assert await world.sign_up(who, ip_network(network())) is None
    assert list(await world.memberships.of_user(who.user_id)) == []


async def test_a_trial_that_nobody_answered_for_is_asked_for_again(world: World) -> None:
    world.plans.is_down = True
    account = await world.sign_up(newcomer(), ip_network(network()))
    assert account is not None
    world.plans.is_down = False
    await world.let_time_pass(60)
    await world.sweep()
    assert world.plans.asked[account] == 1


async def test_a_crash_between_account_and_trial_loses_nothing(world: World) -> None:
    account = await world.sign_ups.register(newcomer(), network(), None)
    assert account is not None
    if world.pool is not None:  # and one more in mid-trial: its lease lapses
        assert await world.sign_ups.claim(account) is not None
    await world.let_time_pass(60)
    await world.sweep()
    assert world.plans.asked[account] == 1


async def test_a_network_gets_its_share_of_trials_a_day_and_the_next_ones_on_the_next(world: World) -> None:
    where = ip_network(network())
    accounts = [await world.sign_up(newcomer(), where) for _ in range(PER_NETWORK + 1)]
    assert None not in accounts  # everybody has an account
    asked = [account for account in accounts if account and world.plans.asked[account]]
    assert asked == accounts[:PER_NETWORK]
    await world.sweep()
    await world.let_time_pass(60)
    await world.sweep()
    assert world.plans.asked[accounts[-1]] == 0  # pyright: ignore[reportArgumentType]
    await world.next_day()
    await world.sweep()
    assert world.plans.asked[accounts[-1]] == 1  # pyright: ignore[reportArgumentType]


async def test_an_address_gets_one_trial_whoever_has_it(world: World) -> None:
    first = newcomer()
    second = replace(newcomer(), email=first.email)
    had = await world.sign_up(first, ip_network(network()))
    got = await world.sign_up(second, ip_network(network()))
    assert had is not None
    assert got is not None
    assert (world.plans.asked[had], world.plans.asked[got]) == (1, 0)


async def test_a_mailbox_gets_one_trial_by_whichever_of_its_addresses(world: World) -> None:
    name = f"a{new_id().hex}"
    addresses = [
        f"{name}@gmail.com",
        *(f"{name}+{n}@gmail.com" for n in range(17)),
        f"{name[0]}.{name[1:]}@googlemail.com",
    ]
    made = [await world.sign_up(newcomer(address), ip_network(network())) for address in addresses]
    assert None not in made
    assert sum(world.plans.asked.values()) == 1


async def test_the_networks_of_one_customer_are_one(world: World) -> None:
    block = network().removesuffix(":1::/64")
    for part in range(PER_NETWORK + 3):
        await world.sign_up(newcomer(), ip_network(f"{block}:{part:x}::/64"))
    assert sum(world.plans.asked.values()) == PER_NETWORK


async def test_a_mail_host_that_nobody_knows_gets_its_share_of_trials_a_day(world: World) -> None:
    host = f"{new_id()}.example"
    made = [
        await world.sign_up(newcomer(f"{number}@{host}"), ip_network(network()))
        for number in range(PER_MAIL_HOST + 2)
    ]
    assert [one for one in made if one and world.plans.asked[one]] == made[:PER_MAIL_HOST]
    known = [
        await world.sign_up(newcomer(f"{new_id()}@gmail.com"), ip_network(network()))
        for _ in range(PER_MAIL_HOST + 2)
    ]
    assert all(one and world.plans.asked[one] for one in known)
    await world.next_day()
    await world.sweep()
    assert all(one and world.plans.asked[one] for one in made)


async def test_an_account_that_billing_refuses_is_not_asked_for_again(world: World) -> None:
    class Refusing(MemoryFreePlans):
        async def start(self, account_id: UUID) -> None:
            self.asked[account_id] += 1
            raise OsliraError("account_not_found", "")

    world.plans = Refusing()
    account = await world.sign_up(newcomer(), ip_network(network()))
    await world.let_time_pass(60)
    await world.sweep()
    assert account is not None
    assert world.plans.asked[account] == 1


@challenged
async def test_the_third_trial_of_a_network_needs_a_challenge(world: World) -> None:
    accounts = await world.signed_up(network(), count=4)
    third = accounts[2]
    assert await world.statuses(accounts) == ["started"] * 2 + ["challenge_required"] * 2
    await world.next_day()
    await world.sweep()
    assert await world.refusal(third, None) == "challenge_required"
    assert await world.refusal(third, "no person") == "challenge_failed"
    world.challenge.is_down = True
    assert await world.refusal(third, "person") == "unavailable"
    assert world.plans.asked[third] == 0
    world.challenge.is_down = False
    assert [await world.begin_trial(third, "person") for _ in range(3)] == ["started"] * 3
    assert (world.plans.asked[third], world.plans.asked[accounts[3]]) == (1, 0)


@challenged
async def test_the_third_trial_of_a_mail_host_that_nobody_knows_needs_a_challenge(world: World) -> None:
    host = f"{new_id()}.example"
    accounts = [
        account for _ in range(3) for account in await world.signed_up(network(), count=1, mail_host=host)
    ]
    assert await world.statuses(accounts) == ["started"] * 2 + ["challenge_required"]
    known = [
        account
        for _ in range(3)
        for account in await world.signed_up(network(), count=1, mail_host="gmail.com")
    ]
    assert await world.statuses(known) == ["started"] * 3


@challenged
async def test_many_first_requests_at_once_pass_no_more_than_one_after_another(world: World) -> None:
    where = ip_network(network())
    made = await asyncio.gather(*(world.sign_up(newcomer(), where) for _ in range(10)))
    statuses = await world.statuses(account for account in made if account is not None)
    assert sorted(statuses) == ["challenge_required"] * 8 + ["started"] * 2


@challenged
async def test_a_challenge_does_not_lift_the_caps(world: World) -> None:
    accounts = await world.signed_up(network(), count=5)
    answered = [await world.begin_trial(account, "person") for account in accounts]
    assert answered == ["started"] * 4 + ["next_day"]
    await world.next_day()
    await world.sweep()
    assert await world.statuses(accounts) == ["started"] * 5


@unchallenged
async def test_without_a_challenge_the_third_trial_waits_for_the_next_day(world: World) -> None:
    accounts = await world.signed_up("198.51.100.7/32", count=1)
    accounts += await world.signed_up("198.51.100.99/32", count=2)
    assert await world.statuses(accounts) == ["started"] * 2 + ["next_day"]
    assert await world.begin_trial(accounts[2], "person") == "next_day"
    await world.next_day()
    await world.sweep()
    assert await world.statuses(accounts) == ["started"] * 3


@challenged
async def test_a_network_without_a_share_takes_none_of_its_mail_hosts(world: World) -> None:
    host, where = f"{new_id()}.example", network()
    await world.signed_up(where, count=2)
    await world.signed_up(where, count=5, mail_host=host)
    assert await world.statuses(await world.signed_up(network(), count=2, mail_host=host)) == ["started"] * 2


async def test_an_account_without_a_sign_up_has_no_trial(world: World) -> None:
    assert await world.begin_trial(new_id(), "person") == "none"
