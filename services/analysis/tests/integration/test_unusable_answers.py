"""An unusable answer of the scraper for one run affects only that run, within its limits."""

import time
from typing import Any
from uuid import UUID

import pytest
from analysis_world import World, eventually

SLOTS = 3


async def known_outages(world: World) -> int:
    return await world.analysis.fetchval("select count(*) from analysis.outages")


async def fill_slots(world: World) -> list[UUID]:
    """As many names as there are slots, all with the fault."""
    await world.start_engine()
    await world.analysis.execute("update analysis.plans set max_running = 100")
    await world.analysis.execute("update analysis.slots set cap = $1 where kind = 'scrape'", SLOTS)
    return [await world.accept(f"bad.{number}") for number in range(SLOTS)]


async def test_missing_items_count_as_a_failed_run_of_the_actor(world: World) -> None:
    await world.simulators.add_fault("apify", "status", status=404, path="/datasets", username="bad.*")
    runs = await fill_slots(world)
    async with world.hurry():
        ended = [await world.ended(run_id, timeout_s=60) for run_id in runs]
    assert {run["error_code"] for run in ended} == {"scrape_failed"}
    assert set((await world.apify())["starts_by_username"].values()) == {5}
    assert await known_outages(world) == 0


@pytest.mark.parametrize(
    "fault", [{"kind": "status", "status": 404}, {"kind": "malformed"}], ids=["gone", "unreadable"]
)
async def test_unavailable_items_of_some_names_do_not_delay_another_account(
    world: World, fault: dict[str, Any]
) -> None:
    await world.simulators.add_fault("apify", path="/datasets", username="bad.*", **fault)
    await fill_slots(world)
    await eventually(
        lambda: world.analysis.fetchval(
            "select count(*) = $1 from analysis.scrapes where state = 'waiting' and not_before is not null",
            SLOTS,
        )
    )
    started = time.monotonic()
    run = await world.ended(await world.accept("healthy", owner=await world.another_account()))
    assert run["state"] == "completed"
    assert time.monotonic() - started < 15
    assert await known_outages(world) == 0


async def test_unreadable_items_are_read_again_without_another_start(world: World) -> None:
    await world.simulators.add_fault("apify", "malformed", path="/datasets", for_s=4)
    await world.start_engine()
    assert (await world.ended(await world.accept("unreadable.once")))["state"] == "completed"
    assert (await world.apify())["starts"] == 1


async def test_a_rejected_abort_keeps_the_slot_until_the_runs_own_state_is_known(world: World) -> None:
    await world.simulators.add_fault("apify", "slow", delay_s=1, path="GET /v2/actor-runs", username="bad.*")
    await world.simulators.add_fault("apify", "status", status=404, path="/abort", username="bad.*")
    runs = await fill_slots(world)
    await eventually(
        lambda: world.analysis.fetchval(
            "select count(*) = $1 from analysis.scrapes where actor_run_id is not null", SLOTS
        )
    )
    await world.analysis.fetch("select * from analysis.cancel_runs($1)", runs)
    await eventually(
        lambda: world.analysis.fetchval("select count(*) = 0 from analysis.scrapes where state <> 'ended'"),
        timeout_s=15,
    )
    assert await known_outages(world) == 0
