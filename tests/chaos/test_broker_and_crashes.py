"""The broker stops, loses its data or a consumer, or a service is killed: only time is lost."""

import asyncio

import nats
import pytest
from oslira_devstack.simulated import connect_simulators
from oslira_devstack.stack import Stack
from people import Person, differences, person

_MOST_SCRAPES = 10


async def _start(user: Person, names: list[str]) -> list[str]:
    return [(await user.analyze(name))[1]["run_id"] for name in names]


async def _all_completed_once(stack: Stack, user: Person, names: list[str], runs: list[str]) -> None:
    ended = await asyncio.gather(*(user.settled(run_id, timeout_s=120) for run_id in runs))
    assert [run["status"] for run in ended] == ["completed"] * len(runs)
    assert {run["credits"]["charged"] for run in ended} == {1}
    async with connect_simulators(stack.simulators_url) as simulators:
        apify = (await simulators.counters())["apify"]
    assert {name: apify["starts_by_username"].get(name) for name in names} == dict.fromkeys(names, 1)
    assert apify["max_running"] <= _MOST_SCRAPES
    assert await differences(stack) == []


async def _broker_away(stack: Stack, *, away_s: float, wipe: bool, count: int) -> None:
    async with person(stack, available_credits=100) as user:
        names = [f"away.{away_s:.0f}.{'wiped' if wipe else 'kept'}.{number}" for number in range(count)]
        runs = await _start(user, names)
        await stack.servers.nats.stop()
        if wipe:
            await stack.servers.nats.wipe()
        await asyncio.sleep(away_s)
        await stack.servers.nats.start()
        await _all_completed_once(stack, user, names, runs)


async def test_runs_complete_when_the_broker_was_away(own_stack: Stack) -> None:
    await _broker_away(own_stack, away_s=4, wipe=False, count=12)


async def test_runs_complete_after_the_broker_was_wiped_without_provisioning(own_stack: Stack) -> None:
    await _broker_away(own_stack, away_s=2, wipe=True, count=12)


@pytest.mark.campaign
async def test_runs_complete_when_the_broker_was_away_for_20_s(own_stack: Stack) -> None:
    await _broker_away(own_stack, away_s=20, wipe=False, count=30)


@pytest.mark.campaign
async def test_runs_complete_when_the_broker_was_wiped_for_20_s(own_stack: Stack) -> None:
    await _broker_away(own_stack, away_s=20, wipe=True, count=30)


async def test_runs_complete_when_a_durable_is_deleted_under_them(own_stack: Stack) -> None:
    async with person(own_stack, available_credits=100) as user:
        names = [f"durable.gone.{number}" for number in range(12)]
        runs = await _start(user, names)
        connection = await nats.connect(own_stack.servers.nats.url("tester"))
        for stream, durable in (("ANALYSIS", "analysis_scrape"), ("EVENTS", "credits_outcomes")):
            await connection.jetstream().delete_consumer(stream, durable)
        await connection.close()
        await _all_completed_once(own_stack, user, names, runs)


@pytest.mark.parametrize("service", ["analysis", "credits", "gateway", "scheduler"])
async def test_runs_complete_when_a_service_is_killed(own_stack: Stack, service: str) -> None:
    async with person(own_stack, available_credits=100) as user:
        names = [f"killed.{service}.{number}" for number in range(6)]
        runs = await _start(user, names)
        await asyncio.sleep(0.5)
        await own_stack.supervisor.kill(service)
        await asyncio.sleep(1.0)
        await own_stack.supervisor.wait_ready(service)
        await _all_completed_once(own_stack, user, names, runs)
