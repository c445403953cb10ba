"""A slow step does not block the others, and a queued hint is not published again."""

import asyncio
import time
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from analysis_world import World, eventually
from dripping import Dripping, dripping
from oslira_shared.bus.provision import provision_bus
from oslira_shared.postgres.clients import AdminClient

_STUCK = 40  # more than there once was room for


async def hints_sent(world: World) -> int:
    """How many were ever stored, taken or not."""
    return (await world.bus.jetstream.stream_info("ANALYSIS")).state.last_seq


async def test_suppliers_that_never_answer_leave_an_idle_accounts_run_alone(world: World) -> None:
    for provider in ("openai", "anthropic"):
        for number in range(_STUCK):
            await world.simulators.add_fault(provider, "hang", username=f"stuck.{number}")
    await world.start_engine()
    for number in range(_STUCK):
        await world.accept(f"stuck.{number}", owner=await world.another_account())

    async def all_are_stuck() -> bool:
        scoring = await world.analysis.fetchval("select count(*) from analysis.runs where state = 'scoring'")
        return scoring == _STUCK

    await eventually(all_are_stuck, timeout_s=60)
    started = time.monotonic()
    run = await world.ended(await world.accept("idle.one", owner=await world.another_account()))
    assert run["state"] == "completed"
    assert time.monotonic() - started < 10
    # The hints of runs that wait for an answer were not published again.
    assert await hints_sent(world) < 3 * _STUCK


@pytest_asyncio.fixture
async def slow_admission(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Dripping]:
    """The store never answers, so one admission takes as long as a look into it may take."""
    async with dripping("nothing") as server:
        monkeypatch.setenv("S3_ENDPOINT_URL", server.url)
        monkeypatch.setenv("ANALYSIS_WORKERS", "1")
        yield server


async def test_a_queued_hint_is_not_published_again_until_the_broker_loses_it(
    world: World, slow_admission: Dripping
) -> None:
    assert slow_admission
    runs = 50
    await world.start_engine()
    for number in range(runs):
        await world.accept(f"waits.{number}", owner=await world.another_account())
    await asyncio.sleep(20)
    queued = await world.analysis.fetchval("select count(*) from analysis.runs where state = 'queued'")
    assert queued > runs // 2
    assert await hints_sent(world) <= 2 * runs

    await world.nats.stop()
    await world.nats.wipe()
    await world.nats.start()

    async def all_are_hinted_again() -> bool:
        if not world.bus.is_connected:
            return False
        await provision_bus(world.bus.jetstream)
        return await hints_sent(world) >= queued - 5  # admission goes on meanwhile

    await eventually(all_are_hinted_again, timeout_s=30)


async def test_runs_are_accepted_and_end_while_the_stream_is_full(world: World) -> None:
    """Case 88: every publication is rejected, and the rows decide."""
    await world.start_engine()
    jetstream = world.bus.jetstream
    stream = (await jetstream.stream_info("ANALYSIS")).config
    full = stream.evolve(max_msgs=1)
    await jetstream.update_stream(full)
    accepted = [
        await world.accept(f"full.{number}", hint=False, owner=await world.another_account())
        for number in range(10)
    ]
    for run_id in accepted:
        run = await world.ended(run_id, timeout_s=60)
        assert run["state"] == "completed"
    await jetstream.update_stream(stream)


async def test_a_paid_answer_is_kept_in_memory_while_postgres_is_unavailable(world: World) -> None:
    """Connections are cut again and again while calls are answered: none is made a second time."""
    runs = 20
    await world.start_engine()
    accepted = [
        await world.accept(f"cut.{number}", kind="deep", owner=await world.another_account())
        for number in range(runs)
    ]
    cut = AdminClient(world.analysis)

    async def cut_connections() -> None:
        while True:
            async with cut.connection() as connection:
                await connection.fetch(
                    """select pg_terminate_backend(pid) from pg_stat_activity
                        where application_name = 'oslira_analysis' and pid <> pg_backend_pid()
                          and query like '%ai_usage_logs%'"""
                )
            await asyncio.sleep(0.05)

    cutting = asyncio.create_task(cut_connections())
    try:
        async with asyncio.timeout(60):
            while (await world.simulators.counters())["openai"]["calls"] < 3 * runs // 2:
                await asyncio.sleep(0.1)
    finally:
        cutting.cancel()
        await asyncio.gather(cutting, return_exceptions=True)
    for run_id in accepted:
        assert (await world.ended(run_id, timeout_s=90))["state"] == "completed"
    counters = (await world.simulators.counters())["openai"]
    paid = [
        count
        for number in range(runs)
        for count in counters["by_username_and_schema"][f"cut.{number}"].values()
    ]
    assert (len(paid), sum(paid)) == (3 * runs, 3 * runs)
    assert await world.analysis.fetchval("select count(*) from analysis.ai_usage_logs") == 3 * runs
