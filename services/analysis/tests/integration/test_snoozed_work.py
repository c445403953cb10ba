"""An outage, a limit and a refused key put work off: no attempt is used up, nothing is held meanwhile, and it has an end."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from analysis_world import World, eventually

MODELS = ("openai", "anthropic")


async def break_models(world: World, **fault: Any) -> None:
    for provider in MODELS:
        await world.simulators.add_fault(provider, **fault)


async def snoozed(world: World, run_id: UUID) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        row = await world.run(run_id)
        return row if row["state"] == "waiting" and row["snoozed_since"] else None

    return await eventually(look)


async def down(world: World) -> set[str]:
    rows = await world.analysis.fetch("select supplier from analysis.outages where down_until > now()")
    return {row["supplier"] for row in rows}


async def requests(world: World, provider: str) -> int:
    return sum((await world.simulators.counters())[provider]["requests"].values())


async def test_runs_survive_an_outage_of_both_providers_and_so_do_later_ones(world: World) -> None:
    await break_models(world, kind="status", status=503, for_s=4)
    await world.start_engine()
    await world.analysis.execute("update analysis.plans set max_running = 100")
    runs: list[UUID] = []
    async with world.fast_forward():
        for number in range(12):
            runs.append(await world.accept(f"outlasts.{number}", kind="deep"))
            await asyncio.sleep(0.4)
        for run_id in runs:
            run = await world.ended(run_id)
            assert (run["state"], run["error_code"]) == ("completed", None)
    assert await down(world) == set()


@pytest.mark.parametrize("kind", ["drop", "cut_body"])
async def test_a_run_survives_models_that_drop_connections_and_its_requests_are_bounded(
    world: World, kind: str
) -> None:
    """Each such request may cost, and none of them has an answer."""
    await break_models(world, kind=kind, for_s=3)
    await world.start_engine()
    async with world.fast_forward():
        run = await world.ended(await world.accept("broken.off"))
    assert (run["state"], run["error_code"]) == ("completed", None)
    unanswered = await world.analysis.fetch(
        "select provider, count(*) as requests from analysis.ai_usage_logs where state = 'failed' group by provider"
    )
    assert all(row["requests"] <= 6 for row in unanswered)


async def test_runs_survive_an_outage_of_the_scraper_and_it_does_not_fail_the_queue(
    world: World,
) -> None:
    await world.simulators.add_fault("apify", "status", status=503, as_html=True, for_s=5)
    await world.start_engine()
    await world.analysis.execute("update analysis.plans set max_running = 100")
    await world.analysis.execute("update analysis.slots set cap = 3 where kind = 'scrape'")
    runs = [await world.accept(f"scraper.away.{number}") for number in range(8)]
    await eventually(lambda: down(world))
    waiting = await world.analysis.fetchval("select count(*) from analysis.runs where state = 'waiting'")
    assert waiting >= 5  # those that had no slot keep their place
    async with world.fast_forward():
        for run_id in runs:
            assert (await world.ended(run_id))["state"] == "completed"
    assert (await world.apify())["starts"] == 8


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "memory_limit"},
        {"kind": "status", "status": 429, "as_html": True},
        {"kind": "status", "status": 401, "path": "POST"},
    ],
)
async def test_a_limit_of_the_scraper_is_waited_for_without_a_slot(
    world: World, fault: dict[str, Any]
) -> None:
    await world.simulators.add_fault("apify", **fault, for_s=4)
    await world.start_engine()
    run_id = await world.accept("limited.scrape")
    assert (await snoozed(world, run_id))["current_step"] == "supplier_unavailable"
    scrape = await world.analysis.fetchrow("select * from analysis.scrapes")
    assert scrape is not None
    assert (scrape["state"], scrape["failures"], scrape["starts"]) == ("waiting", 0, 0)
    assert (await world.ended(run_id))["state"] == "completed"
    assert (await world.apify())["starts"] == 1


async def test_a_spent_budget_at_the_scraper_fails_the_run_soon_and_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USED_UP_PATIENCE_S", "5")
    await world.simulators.add_fault("apify", "usage_hard_limit", username="budget.spent")
    await world.start_engine()
    run = await world.ended(await world.accept("budget.spent"))
    assert (run["state"], run["error_code"]) == ("failed", "scraper_limit_reached")
    assert (await world.apify())["starts"] == 0


@pytest.mark.parametrize("is_date", [False, True])
async def test_a_limit_of_both_models_is_waited_for_as_long_as_they_ask(
    world: World, *, is_date: bool
) -> None:
    await break_models(
        world, kind="status", status=429, retry_after_s=8, retry_after_is_date=is_date, for_s=8
    )
    await world.start_engine()
    run_id = await world.accept("limited.models")
    row = await snoozed(world, run_id)
    assert (row["waits_for"], row["current_step"], row["failures"]) == (
        "score_retry",
        "supplier_unavailable",
        0,
    )
    wait_s = (row["not_before"] - row["snoozed_since"]).total_seconds()
    # HTTP dates have whole seconds, so the wait may be one second longer or shorter than eight, plus a quarter by chance.
    assert 7 <= wait_s <= 12
    assert (await world.ended(run_id))["state"] == "completed"
    assert await requests(world, "openai") == 2
    assert await requests(world, "anthropic") <= 1


async def test_a_spent_budget_at_one_provider_falls_back_immediately(world: World) -> None:
    await world.simulators.add_fault("openai", "insufficient_quota")
    await world.start_engine()
    run = await world.ended(await world.accept("quota.spent", kind="deep"))
    assert run["state"] == "completed"
    assert run["snoozed_since"] is None
    assert (await world.simulators.counters())["openai"]["requests"]["POST /v1/chat/completions"] == 3


async def test_a_snoozed_run_is_cancelled_at_once_and_its_scrape_with_it(world: World) -> None:
    await world.simulators.add_fault("apify", "memory_limit")
    await break_models(world, kind="status", status=503)
    await world.start_engine()
    scraping = await world.accept("cancelled.scrape")
    await snoozed(world, scraping)
    changed = await world.analysis.fetch("select * from analysis.cancel_runs($1)", [scraping])
    assert [(row["kind"], row["state"]) for row in changed] == [("run", "cancelled")]
    assert await world.analysis.fetchval("select state from analysis.scrapes") == "ended"


@pytest.mark.parametrize(
    ("fault", "code"),
    [("memory_limit", "scraper_unavailable"), ("status", "models_unavailable")],
)
async def test_after_the_wait_limit_everything_is_released(
    world: World, monkeypatch: pytest.MonkeyPatch, fault: str, code: str
) -> None:
    monkeypatch.setenv("SNOOZE_SINGLE_S", "5")
    if fault == "status":
        await break_models(world, kind=fault, status=503)
    else:
        await world.simulators.add_fault("apify", fault)
    await world.start_engine()
    run = await world.ended(await world.accept("out.of.patience"))
    assert (run["state"], run["error_code"]) == ("failed", code)
    assert await world.analysis.fetchval("select bool_and(state = 'ended') from analysis.scrapes")


async def test_a_run_that_never_reached_an_unavailable_supplier_has_a_wait_limit_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNOOZE_SINGLE_S", "4")
    await world.simulators.add_fault("apify", "status", status=503)
    await world.analysis.execute(
        "insert into analysis.outages (supplier, down_until, reason) values ('apify', now() + interval '1 minute', 'test')"
    )
    await world.start_engine()
    run = await world.ended(await world.accept("never.promoted"))
    assert run["error_code"] == "scraper_unavailable"
    assert (await world.apify())["starts"] == 0


async def test_a_run_of_a_bulk_has_a_longer_wait_limit_than_a_single_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNOOZE_SINGLE_S", "2")
    await world.simulators.add_fault("apify", "memory_limit", for_s=5)
    await world.start_engine()
    run_id = await world.accept("of.a.bulk", hint=False)
    await world.analysis.execute("update analysis.runs set bulk_id = gen_random_uuid() where id = $1", run_id)
    assert (await world.ended(run_id))["state"] == "completed"


async def test_all_processes_see_a_reported_outage_and_a_probe_ends_it_without_traffic(world: World) -> None:
    await world.simulators.add_fault("apify", "status", status=502)
    first = await world.start_engine()
    second = await world.start_engine()
    await world.analysis.execute("update analysis.plans set max_running = 100")
    runs = [await world.accept(f"shared.outage.{number}") for number in range(3)]

    async def is_known() -> bool:
        states = [await engine.health.others["apify"]() for engine in (first, second)]
        return "apify" in await down(world) and all("open" in state for state in states)

    await eventually(is_known)
    await world.simulators.clear_faults()

    async def is_over() -> bool:
        return await down(world) == set()

    await eventually(is_over, timeout_s=10)
    async with world.fast_forward():
        for run_id in runs:
            assert (await world.ended(run_id))["state"] == "completed"


async def test_a_rejected_key_is_reported_and_waited_for(world: World) -> None:
    await break_models(world, kind="status", status=401, for_s=4)
    await world.start_engine()
    runs = [await world.accept(f"key.refused.{number}", kind="deep") for number in range(2)]
    await eventually(lambda: down(world))
    reasons = await world.analysis.fetch("select reason from analysis.outages")
    assert all(row["reason"].startswith("key_refused: 401") for row in reasons)
    async with world.fast_forward():
        for run_id in runs:
            assert (await world.ended(run_id))["state"] == "completed"


@pytest.mark.parametrize("step", ["scrape", "score"])
async def test_waiting_work_continues_soon_after_its_supplier_recovers(world: World, step: str) -> None:
    """After a long outage each waits for a minute at a time; a probe knows within seconds that it is over."""
    suppliers = ("apify",) if step == "scrape" else MODELS
    for supplier in suppliers:
        await world.simulators.add_fault(supplier, "status", status=503)
    await world.start_engine()
    await world.analysis.execute("update analysis.plans set max_running = 100")
    runs = [await world.accept(f"waits.long.{number}") for number in range(8)]

    async def is_down() -> bool:
        pause = "select count(*) from analysis.runs where snoozed_since is not null"
        return await down(world) == set(suppliers) and await world.analysis.fetchval(pause) > 3

    await eventually(is_down)
    for table in ("runs", "scrapes"):
        await world.analysis.execute(
            f"update analysis.{table} set not_before = now() + interval '70 seconds' where not_before is not null"
        )
    await world.simulators.clear_faults()
    for run_id in runs:
        # Sooner than the 70 s, also beside other test workers.
        assert (await world.ended(run_id, timeout_s=60))["state"] == "completed"


async def test_the_wait_limit_starts_over_when_the_scraper_works_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Snoozed for seconds, started, then failed by the actor itself: that does not count as an unavailable scraper."""
    monkeypatch.setenv("SNOOZE_SINGLE_S", "5")
    await world.simulators.add_fault("apify", "memory_limit", for_s=3)
    await world.simulators.add_fault("apify", "run_failed", times=3)
    await world.start_engine()
    run = await world.ended(await world.accept("fails.afterwards"))
    assert (run["state"], run["error_code"]) == ("completed", None)
