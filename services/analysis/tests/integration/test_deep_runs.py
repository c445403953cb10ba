"""Deep and x-ray runs: concurrent calls, each answer stored, after a crash at any point."""

from typing import Any

import pytest
from analysis_world import World, eventually
from oslira_proof.promises.prefix_cache import compare_costs

CALLS = {
    "deep": {"core", "outreach", "personality"},
    "xray": {"psychographic", "commercial", "outreach", "personality"},
}


async def calls_by_schema(world: World, provider: str, username: str) -> dict[str, int]:
    counters = (await world.simulators.counters())[provider]
    return counters["by_username_and_schema"].get(username, {})


async def usage_of(world: World, run_id: Any) -> list[dict[str, Any]]:
    rows = await world.analysis.fetch(
        "select * from analysis.ai_usage_logs where run_id = $1 order by created_at", run_id
    )
    return [dict(row) for row in rows]


@pytest.mark.parametrize("kind", ["deep", "xray"])
async def test_each_call_is_made_once_and_recorded(world: World, kind: str) -> None:
    await world.start_engine()
    run = await world.ended(await world.accept(f"whole.{kind}", kind=kind))
    assert (run["state"], run["error_code"]) == ("completed", None)
    assert await calls_by_schema(world, "openai", f"whole.{kind}") == dict.fromkeys(CALLS[kind], 1)
    usage = await usage_of(world, run["id"])
    assert {row["call"] for row in usage} == CALLS[kind]
    assert all(row["state"] == "answered" and row["cost_nano_usd"] > 0 for row in usage)
    assert run["ai_cost_nano_usd"] == sum(row["cost_nano_usd"] for row in usage)
    analysis = await world.analysis.fetchrow("select * from analysis.analyses where run_id = $1", run["id"])
    assert analysis is not None
    assert analysis["result"]["type"] == kind
    outreach = analysis["result"]["outreach"]
    assert outreach["language"] == "en"  # as the simulated model writes, whatever language it names
    assert outreach["is_language_of_posts"] in {True, False}
    assert all(row["prompt_version"] in analysis["prompt_version"] for row in usage)


async def test_the_second_deep_run_of_a_business_reads_its_prefix_from_the_cache(world: World) -> None:
    await world.start_engine()
    first = await world.ended(await world.accept("prefix.one", kind="deep"))
    second = await world.ended(await world.accept("prefix.two", kind="deep"))
    context = await world.gateway.fetchval(
        "select context from identity.business_profiles where id = $1", world.business_profile_id
    )
    finding = await compare_costs(world.analysis, context=context, first=first["id"], second=second["id"])
    assert finding.holds, finding.details


async def test_after_three_of_four_answers_a_crash_repeats_only_the_fourth(world: World) -> None:
    await world.simulators.add_fault("openai", "timeout", times=1)
    engine = world.start_process()

    async def three_answers() -> bool:
        return await world.analysis.fetchval("select count(*) from analysis.call_answers") == 3

    run_id = await world.accept("three.of.four", kind="xray")
    await eventually(three_answers)
    engine.kill()
    await world.simulators.clear_faults()
    await world.lapse_leases()
    world.start_process()
    run = await world.ended(run_id)
    assert run["state"] == "completed"
    assert await calls_by_schema(world, "openai", "three.of.four") == dict.fromkeys(CALLS["xray"], 1)
    usage = await usage_of(world, run_id)
    assert sorted(row["state"] for row in usage) == ["answered"] * 4 + ["booked"]
    assert (await world.apify())["starts"] == 1
