"""A light run from its row to its lead, on real servers."""

import asyncio

from analysis_world import World, eventually
from oslira_shared.bus.provision import provision_bus
from oslira_shared.ids import new_id


async def test_a_run_is_scraped_scored_and_leaves_a_lead(world: World) -> None:
    await world.start_engine()
    run = await world.ended(await world.accept("bakery.lisboa"))
    assert (run["state"], run["progress"], run["error_code"]) == ("completed", 100, None)
    lead = await world.analysis.fetchrow("select * from analysis.leads where id = $1", run["lead_id"])
    analysis = await world.analysis.fetchrow("select * from analysis.analyses where run_id = $1", run["id"])
    assert lead is not None
    assert analysis is not None
    assert lead["username"] == "bakery.lisboa"
    assert lead["summary"] == analysis["result"]["summary"]
    assert lead["tier"] == analysis["result"]["facts"]["tier"]
    assert 0 <= analysis["score"] <= 100
    assert analysis["result"]["reasons"]
    usage = await world.analysis.fetch("select * from analysis.ai_usage_logs where run_id = $1", run["id"])
    assert [(row["state"], row["input_tokens"] > 1024) for row in usage] == [("answered", True)]
    assert run["ai_cost_nano_usd"] == usage[0]["cost_nano_usd"] > 0
    assert run["scrape_cost_nano_usd"] > 0
    assert await world.analysis.fetchval("select count(*) from analysis.call_answers") == 0


async def test_a_second_run_of_the_profile_comes_from_the_cache(world: World) -> None:
    await world.start_engine()
    await world.ended(await world.accept("cached.cafe"))
    other = new_id()
    await world.gateway.execute("insert into identity.accounts (id, name) values ($1, 'Other')", other)
    run = await world.ended(await world.accept("cached.cafe", account_id=other))
    # The profile belongs to another account's business here, so the run fails; but it was never scraped again.
    assert (run["error_code"], run["is_from_cache"]) == ("business_profile_not_found", True)
    assert (await world.apify())["starts"] == 1


async def test_runs_that_want_the_same_profile_share_one_scrape_over_replicas(world: World) -> None:
    await world.start_engine()
    await world.start_engine()
    accounts = [new_id() for _ in range(6)]
    for account_id in accounts:
        await world.gateway.execute("insert into identity.accounts (id, name) values ($1, 'x')", account_id)
    runs = await asyncio.gather(*(world.accept("shared.profile", account_id=one) for one in accounts))
    await asyncio.gather(*(world.ended(run_id) for run_id in runs))
    assert (await world.apify())["starts"] == 1


async def test_private_missing_and_restricted_profiles_fail_with_their_reason_before_any_model_call(
    world: World,
) -> None:
    await world.start_engine()
    runs = await asyncio.gather(*(world.accept(name) for name in ("private-a", "missing-b", "restricted-c")))
    ended = [await world.ended(run_id) for run_id in runs]
    assert [run["error_code"] for run in ended] == [
        "profile_private",
        "profile_not_found",
        "profile_restricted",
    ]
    assert await world.analysis.fetchval("select count(*) from analysis.ai_usage_logs") == 0


async def test_a_lost_hint_only_delays(world: World) -> None:
    await world.start_engine()
    run = await world.ended(await world.accept("no.hint", hint=False))
    assert run["state"] == "completed"


async def test_a_run_is_scraped_again_when_the_cache_lost_it(world: World) -> None:
    """Admit saw it in the cache; before the slot came, it was gone."""
    await world.start_engine()
    await world.ended(await world.accept("fleeting"))
    run_id = await world.accept("fleeting.two", hint=False)
    await world.analysis.execute(
        "update analysis.runs set state = 'waiting', waits_for = 'score', is_from_cache = true, due_at = null where id = $1",
        run_id,
    )
    run = await world.ended(run_id)
    assert (run["state"], run["is_cache_bypassed"]) == ("completed", True)


async def test_never_more_scrapes_at_once_than_slots(world: World) -> None:
    await world.analysis.execute("update analysis.plans set max_running = 100")
    await world.start_engine()
    await world.start_engine()
    await world.analysis.execute("update analysis.plans set max_running = 100")
    await world.analysis.execute("update analysis.slots set cap = 3 where kind = 'scrape'")
    runs = await asyncio.gather(*(world.accept(f"slots.{number}") for number in range(12)))
    for run_id in runs:
        assert (await world.ended(run_id))["state"] == "completed"
    assert (await world.apify())["max_running"] <= 3


async def test_ten_accepts_of_the_same_analysis_make_one_run(world: World) -> None:
    runs = await asyncio.gather(*(world.accept("same.name", hint=False) for _ in range(10)))
    assert len(set(runs)) == 1


async def test_a_lost_start_answer_is_adopted_and_not_started_again(world: World) -> None:
    await world.simulators.add_fault("apify", "lost_answer", times=1, path="/v2/actors")
    await world.start_engine()
    run = await world.ended(await world.accept("lost.answer"))
    assert run["state"] == "completed"
    assert (await world.apify())["starts"] == 1


async def test_a_wiped_broker_loses_no_run(world: World) -> None:
    await world.start_engine()
    await world.analysis.execute("update analysis.plans set max_running = 100")
    runs = [await world.accept(f"wiped.{number}") for number in range(4)]
    await world.nats.stop()
    await world.nats.wipe()
    await asyncio.sleep(1)
    await world.nats.start()

    async def provisioned() -> bool:
        try:
            await provision_bus(world.bus.jetstream)
        except Exception:  # noqa: BLE001  # not connected again yet
            return False
        return True

    await eventually(provisioned)
    for run_id in runs:
        assert (await world.ended(run_id))["state"] == "completed"
    assert (await world.apify())["starts"] == 4
