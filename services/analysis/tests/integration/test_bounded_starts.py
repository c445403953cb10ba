"""Every start of an actor costs: how often a scrape starts one, and when it holds a slot."""

import asyncio

import pytest
from analysis_world import World, eventually


async def scrape_of(world: World, username: str) -> dict[str, object]:
    row = await world.analysis.fetchrow("select * from analysis.scrapes where username = $1", username)
    assert row is not None
    return dict(row)


async def slots_in_use(world: World) -> int:
    return await world.analysis.fetchval(
        "select count(*) from analysis.scrapes where state in ('starting', 'running', 'aborting')"
    )


async def test_an_actor_that_always_fails_is_started_five_times_and_the_run_fails_uncharged(
    world: World,
) -> None:
    await world.simulators.add_fault("apify", "run_failed", username="fails.always")
    await world.start_engine()
    async with world.hurry():
        run = await world.ended(await world.accept("fails.always"))
    assert (run["state"], run["error_code"]) == ("failed", "scrape_failed")
    assert (await world.apify())["starts"] == 5
    scrape = await scrape_of(world, "fails.always")
    assert (scrape["starts"], scrape["state"], scrape["outcome"]) == (5, "ended", "failed")
    await asyncio.sleep(2)  # a sweep or two
    assert (await world.apify())["starts"] == 5
    assert await slots_in_use(world) == 0


async def test_ten_failing_profiles_do_not_delay_others(world: World) -> None:
    await world.start_engine()
    await world.analysis.execute("update analysis.plans set max_running = 100")
    await world.simulators.add_fault("apify", "run_failed", username="fails.*")
    failing = [await world.accept(f"fails.{number}") for number in range(10)]
    await eventually(
        lambda: world.analysis.fetchval("select min(starts) > 0 from analysis.scrapes having count(*) = 10")
    )
    other = await world.another_account()
    run = await world.ended(await world.accept("healthy.profile", owner=other), timeout_s=10)
    assert run["state"] == "completed"
    async with world.hurry():
        for run_id in failing:
            assert (await world.ended(run_id))["error_code"] == "scrape_failed"
    apify = await world.apify()
    assert apify["starts"] == 10 * 5 + 1


async def test_a_failing_profile_waits_for_its_next_attempt_without_a_slot(world: World) -> None:
    await world.simulators.add_fault("apify", "run_failed", username="fails.once", times=1)
    await world.start_engine()
    run_id = await world.accept("fails.once")
    await eventually(
        lambda: world.analysis.fetchval("select failures > 0 and state = 'waiting' from analysis.scrapes")
    )
    assert await slots_in_use(world) == 0
    assert (await world.run(run_id))["state"] == "waiting"
    told = await world.gateway.fetchrow("select * from analysis.queue_positions(array[$1::uuid])", run_id)
    assert told is not None
    assert (told["queue_position"], told["eta_s"] > 0) == (1, True)
    assert (await world.ended(run_id))["state"] == "completed"
    assert (await world.apify())["starts"] == 2


async def test_a_run_that_joins_a_snoozed_scrape_waits_with_it(world: World) -> None:
    await world.simulators.add_fault("apify", "run_failed", username="fails.shared", times=1)
    await world.start_engine()
    first = await world.accept("fails.shared")
    await eventually(
        lambda: world.analysis.fetchval("select failures > 0 and state = 'waiting' from analysis.scrapes")
    )
    other = await world.another_account()
    second = await world.accept("fails.shared", owner=other)
    await eventually(
        lambda: world.analysis.fetchval("select state <> 'queued' from analysis.runs where id = $1", second)
    )
    assert (await world.run(second))["waits_for"] == "scrape_retry"
    for run_id in (first, second):
        assert (await world.ended(run_id))["state"] == "completed"
    assert (await world.apify())["starts"] == 2


async def test_a_run_that_the_platform_aborted_is_started_again(world: World) -> None:
    await world.simulators.add_fault("apify", "aborted_by_platform", username="aborted.once", times=1)
    await world.start_engine()
    assert (await world.ended(await world.accept("aborted.once")))["state"] == "completed"
    assert (await world.apify())["starts"] == 2


async def test_a_run_that_cannot_be_read_yet_is_not_treated_as_missing(world: World) -> None:
    await world.simulators.add_fault("apify", "run_missing_once", username="missing.once", times=1)
    await world.start_engine()
    assert (await world.ended(await world.accept("missing.once")))["state"] == "completed"
    assert (await world.apify())["starts"] == 1


async def test_an_actor_without_a_build_fails_the_run_without_any_start(world: World) -> None:
    await world.simulators.add_fault("apify", "build_missing", username="build.missing")
    await world.start_engine()
    async with world.hurry():
        run = await world.ended(await world.accept("build.missing"))
    assert run["error_code"] == "scrape_failed"
    assert (await world.apify())["starts"] == 0


async def test_a_run_that_never_ends_is_aborted_before_the_only_retry_and_its_cost_is_recorded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APIFY_ACTOR_LIMIT_S", "2")
    await world.simulators.add_fault(
        "apify", "run_never_ends", username="never.ends", cost_usd=0.004, delay_s=1
    )
    await world.start_engine()
    async with world.hurry():
        run = await world.ended(await world.accept("never.ends"))
    assert (run["error_code"], run["scrape_cost_nano_usd"]) == ("scrape_failed", 8_000_000)
    apify = await world.apify()
    assert (apify["starts"], apify["aborts"], apify["max_running"]) == (2, 2, 1)
    assert await slots_in_use(world) == 0


async def test_a_run_that_never_ended_once_completes_with_its_second_start(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APIFY_ACTOR_LIMIT_S", "2")
    await world.simulators.add_fault("apify", "run_never_ends", username="ends.later", times=1)
    await world.start_engine()
    async with world.hurry():
        run = await world.ended(await world.accept("ends.later"))
    assert run["state"] == "completed"
    apify = await world.apify()
    assert (apify["starts"], apify["aborts"], apify["max_running"]) == (2, 1, 1)


async def test_an_abort_that_fails_keeps_the_slot_and_comes_before_another_start(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APIFY_ACTOR_LIMIT_S", "2")
    await world.simulators.add_fault("apify", "run_never_ends", username="abort.fails", times=1)
    await world.simulators.add_fault("apify", "status", status=503, path="/abort", for_s=15)
    await world.start_engine()
    run_id = await world.accept("abort.fails")
    await eventually(
        lambda: world.analysis.fetchval("select snoozed_since is not null from analysis.scrapes")
    )
    assert await slots_in_use(world) == 1
    assert (await world.run(run_id))["current_step"] == "supplier_unavailable"
    assert (await world.ended(run_id))["state"] == "completed"
    apify = await world.apify()
    assert (apify["starts"], apify["aborts"], apify["max_running"]) == (2, 1, 1)


async def test_a_run_starts_over_once_when_its_profile_is_lost_and_then_fails(world: World) -> None:
    await world.start_engine()
    run_id = await world.accept("lost.profile", hint=False)
    await world.analysis.execute(
        "update analysis.runs set state = 'waiting', waits_for = 'score', due_at = null, requeues = 1 where id = $1",
        run_id,
    )
    run = await world.ended(run_id)
    assert (run["state"], run["error_code"]) == ("failed", "scrape_failed")
    assert (await world.apify())["starts"] == 0


async def test_a_run_that_was_not_resumed_with_its_scrape_continues_with_it(world: World) -> None:
    await world.simulators.add_fault("apify", "run_failed", username="fails.unwoken", times=1)
    await world.start_engine()
    first = await world.accept("fails.unwoken")
    await eventually(
        lambda: world.analysis.fetchval("select failures > 0 and state = 'waiting' from analysis.scrapes")
    )
    second = await world.accept("fails.unwoken", owner=await world.another_account())
    await eventually(
        lambda: world.analysis.fetchval("select state = 'waiting' from analysis.runs where id = $1", second)
    )
    await world.analysis.execute(
        "update analysis.runs set not_before = now() + interval '1 hour' where id = $1", second
    )
    for run_id in (first, second):
        assert (await world.ended(run_id))["state"] == "completed"
