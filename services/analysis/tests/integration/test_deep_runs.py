"""Deep and x-ray runs: their calls at once, each answer kept, whatever dies in between."""

import json
from typing import Any

import pytest
from analysis_world import World, eventually
from oslira_analysis.domain.answer_schema import json_schema_strict
from oslira_analysis.domain.business import BusinessContext
from oslira_analysis.domain.calls import calls_of
from oslira_analysis.domain.prompt import render_business
from oslira_analysis.prompts import load_instructions
from oslira_shared.contracts.analysis.v1 import AnalysisType

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
async def test_each_call_is_made_once_and_booked(world: World, kind: str) -> None:
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
    assert all(row["prompt_version"] in analysis["prompt_version"] for row in usage)


async def prefix_tokens(world: World) -> dict[str, int]:
    """By call, as the simulator counts (4 characters a token): the schema, the instructions and the business."""
    context = await world.gateway.fetchval(
        "select context from identity.business_profiles where id = $1", world.business_profile_id
    )
    business = render_business(BusinessContext.from_dict(context))
    return {
        call.name: (
            len(json.dumps(json_schema_strict(call.answer)))
            + len(load_instructions(call.task).text)
            + len(business)
        )
        // 4
        for call in calls_of(AnalysisType.DEEP)
    }


async def test_the_second_deep_run_of_a_business_reads_its_prefix_from_the_cache(world: World) -> None:
    await world.start_engine()
    first = await world.ended(await world.accept("prefix.one", kind="deep"))
    second = await world.ended(await world.accept("prefix.two", kind="deep"))
    before, after = await usage_of(world, first["id"]), await usage_of(world, second["id"])
    prefixes = await prefix_tokens(world)
    for row in after:
        assert row["cached_tokens"] > 0.5 * prefixes[row["call"]]
    cached = sum(row["cached_tokens"] for row in after)
    saved = 1 - second["ai_cost_nano_usd"] / first["ai_cost_nano_usd"]
    print(  # noqa: T201  # figures for the report
        f"cached {cached} of a prefix of {sum(prefixes.values())} and {sum(row['input_tokens'] for row in after)} in all; "
        f"cost {first['ai_cost_nano_usd'] / 1e9:.6f} -> {second['ai_cost_nano_usd'] / 1e9:.6f} USD ({saved:.0%} less)"
    )
    assert sum(row["cached_tokens"] for row in before) < cached
    assert second["ai_cost_nano_usd"] < first["ai_cost_nano_usd"]


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
