"""SIGKILL of an engine while it puts work off, or aborts an actor's run: nothing is lost, started again or left unbooked."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from analysis_world import World, eventually
from oslira_devstack.servers.contract import Nats

ABORTED_COST = 4_000_000
MODELS = ("openai", "anthropic")


@pytest_asyncio.fixture
async def hasty(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[World]:
    monkeypatch.setenv("APIFY_ACTOR_LIMIT_S", "2")
    monkeypatch.setenv("APIFY_START_SLACK_S", "1")
    yield world


async def killed(world: World, kill_at: str) -> None:
    """An engine that dies at this touch; another one takes over."""
    victim = world.start_process(kill_at=kill_at)
    await eventually(victim.died, timeout_s=60)
    await world.lapse_leases()
    await world.start_engine()


async def slots_in_use(world: World) -> int:
    return await world.analysis.fetchval(
        "select count(*) from analysis.scrapes where state in ('starting', 'running', 'aborting')"
    )


@pytest.mark.parametrize("kill_at", ["before pause", "after pause"])
async def test_a_snoozed_scrape_is_started_once(hasty: World, kill_at: str) -> None:
    await hasty.simulators.add_fault("apify", "memory_limit")
    run_id = await hasty.accept("killed.put.off")
    await killed(hasty, kill_at)
    await hasty.simulators.clear_faults()
    assert (await hasty.ended(run_id))["state"] == "completed"
    assert (await hasty.apify())["starts"] == 1


@pytest.mark.parametrize("kill_at", ["before snooze", "after snooze"])
async def test_a_run_that_waits_for_models_pays_for_each_answer_once(hasty: World, kill_at: str) -> None:
    """Of three calls one is answered before the models are gone."""
    await hasty.simulators.add_fault("openai", "status", status=429, path="POST")
    await hasty.simulators.add_fault("anthropic", "slow", delay_s=0.0, times=1)
    await hasty.simulators.add_fault("anthropic", "status", status=503)
    run_id = await hasty.accept("killed.snoozed", kind="deep")
    await killed(hasty, kill_at)
    await hasty.simulators.clear_faults()
    assert (await hasty.ended(run_id, timeout_s=60))["state"] == "completed"
    paid = await hasty.analysis.fetch(
        "select call, count(*) as times from analysis.ai_usage_logs where state = 'answered' group by call"
    )
    assert {row["call"]: row["times"] for row in paid} == dict.fromkeys(
        ("core", "outreach", "personality"), 1
    )


@pytest.mark.parametrize("kill_at", ["before abort", "after abort", "before pause", "after pause"])
async def test_an_actor_run_that_never_ends_is_aborted_and_recorded_once(hasty: World, kill_at: str) -> None:
    await hasty.simulators.add_fault("apify", "run_never_ends", times=1, cost_usd=0.004, delay_s=0.5)
    run_id = await hasty.accept("killed.aborting")
    await killed(hasty, kill_at)
    run = await hasty.ended(run_id)
    apify = await hasty.apify()
    assert (run["state"], apify["starts"], apify["aborts"], apify["max_running"]) == ("completed", 2, 1, 1)
    assert ABORTED_COST < run["scrape_cost_nano_usd"] < 2 * ABORTED_COST
    assert await slots_in_use(hasty) == 0


@pytest.mark.parametrize("kill_at", ["before abort", "after abort", "before end", "after end"])
async def test_a_cancelled_scrape_is_aborted_and_its_cost_recorded_after_any_crash(
    hasty: World, kill_at: str
) -> None:
    await hasty.simulators.add_fault("apify", "run_never_ends", cost_usd=0.004, delay_s=0.5)
    starter = hasty.start_process()
    run_id = await hasty.accept("killed.cancelled")
    running = "select state = 'running' from analysis.scrapes"
    await eventually(lambda: hasty.analysis.fetchval(running))
    starter.kill()
    await hasty.analysis.execute("select analysis.cancel_runs($1)", [run_id])
    await hasty.lapse_leases()
    await killed(hasty, kill_at)

    async def is_free() -> bool:
        return await slots_in_use(hasty) == 0

    await eventually(is_free)
    run = await hasty.run(run_id)
    assert (run["state"], run["scrape_cost_nano_usd"]) == ("cancelled", ABORTED_COST)
    assert (await hasty.apify())["aborts"] == 1


async def test_snoozed_work_survives_a_wipe_of_the_bus(hasty: World, own_nats: Nats) -> None:
    await hasty.simulators.add_fault("apify", "memory_limit", for_s=8)
    for provider in MODELS:
        await hasty.simulators.add_fault(provider, "status", status=503, for_s=14)
    await hasty.start_engine()
    runs = [await hasty.accept(f"wiped.bus.{number}") for number in range(3)]
    pause = "select count(*) = 3 from analysis.runs where snoozed_since is not null"
    await eventually(lambda: hasty.analysis.fetchval(pause))
    await own_nats.stop()
    await own_nats.wipe()
    await asyncio.sleep(1)
    await own_nats.start()
    for run_id in runs:
        assert (await hasty.ended(run_id, timeout_s=60))["state"] == "completed"
    assert (await hasty.apify())["starts"] == 3
