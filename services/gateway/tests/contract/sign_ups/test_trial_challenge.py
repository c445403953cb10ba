"""Which trials need a challenge, and what it does not change, over memory and Postgres."""

import asyncio
from ipaddress import ip_network

import pytest
from oslira_gateway.identity.shares import TrialShares
from oslira_shared.ids import new_id
from sign_up_world import World, network, newcomer

challenged = pytest.mark.parametrize(
    "shares", [TrialShares(per_network=4, per_mail_host=4, unchallenged=2, has_challenge=True)], ids=[""]
)
unchallenged = pytest.mark.parametrize(
    "shares", [TrialShares(per_network=4, per_mail_host=4, unchallenged=2)], ids=[""]
)


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
async def test_the_third_trial_of_an_unknown_mail_host_needs_a_challenge(world: World) -> None:
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
