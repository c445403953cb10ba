"""New users get an account and at most one trial, over memory and Postgres."""

import asyncio
from dataclasses import replace
from ipaddress import ip_network
from uuid import UUID

import pytest
from memory_identity import MemoryFreePlans
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id
from sign_up_world import PER_MAIL_HOST, PER_NETWORK, World, network, newcomer


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
async def test_a_user_without_a_confirmed_address_gets_nothing(
    world: World, changes: dict[str, object]
) -> None:
    who = replace(newcomer(), **changes)  # pyright: ignore[reportArgumentType]
    assert await world.sign_up(who, ip_network(network())) is None
    assert list(await world.memberships.of_user(who.user_id)) == []


async def test_an_unanswered_trial_is_requested_again(world: World) -> None:
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


async def test_an_address_gets_one_trial_for_all_its_users(world: World) -> None:
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


async def test_an_unknown_mail_host_gets_a_limited_number_of_trials_a_day(world: World) -> None:
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
