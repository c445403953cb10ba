"""Both providers' SDKs against their simulators: repair, fallback, books, and the AI Gateway in between."""

import json
from typing import Any

import pytest
from analysis_world import World
from oslira_analysis.infrastructure.models.model_prices import known_cost_nano_usd
from small_gateway import small_gateway

ASKED = "POST /v1/chat/completions"
MODEL_FAULTS = ("refusal", "truncate", "malformed")


async def usage_of(world: World, run_id: Any) -> list[dict[str, Any]]:
    rows = await world.analysis.fetch(
        "select * from analysis.ai_usage_logs where run_id = $1 order by created_at", run_id
    )
    return [dict(row) for row in rows]


async def chats(world: World) -> int:
    """Requests for answers, also those that a fault took. A supplier that is down is probed by its list of models."""
    return (await world.simulators.counters())["openai"]["requests"]["POST /v1/chat/completions"]


async def model_calls(world: World) -> tuple[int, int]:
    counters = await world.simulators.counters()
    return counters["openai"]["calls"], counters["anthropic"]["calls"]


async def test_an_answer_that_is_unusable_once_is_repaired(world: World) -> None:
    for kind in MODEL_FAULTS:
        await world.simulators.add_fault("openai", kind, times=1, username=f"repaired.{kind}")
    await world.start_engine()
    for kind in MODEL_FAULTS:
        run = await world.ended(await world.accept(f"repaired.{kind}"))
        assert run["state"] == "completed"
        usage = await usage_of(world, run["id"])
        assert [(row["provider"], row["error"] is None) for row in usage] == [
            ("openai", False),
            ("openai", True),
        ]
        assert all(row["output_tokens"] > 0 and row["cost_nano_usd"] > 0 for row in usage)
        assert run["ai_cost_nano_usd"] == sum(row["cost_nano_usd"] for row in usage)
    assert await model_calls(world) == (6, 0)


async def test_an_answer_that_stays_unusable_falls_back_to_claude(world: World) -> None:
    for kind in MODEL_FAULTS:
        await world.simulators.add_fault("openai", kind, username=f"fallback.{kind}")
    await world.start_engine()
    for kind in MODEL_FAULTS:
        run = await world.ended(await world.accept(f"fallback.{kind}"))
        assert run["state"] == "completed"
        claude = (await usage_of(world, run["id"]))[-1]
        assert (claude["provider"], claude["state"]) == ("anthropic", "answered")
        assert claude["input_tokens"] > 1024
        assert claude["cost_nano_usd"] > 0
    assert await model_calls(world) == (6, 3)


async def test_unusable_answers_of_all_providers_end_the_run_with_all_tokens_recorded(world: World) -> None:
    for provider in ("openai", "anthropic"):
        await world.simulators.add_fault(provider, "refusal")
    await world.start_engine()
    run = await world.ended(await world.accept("refused.everywhere"))
    assert (run["state"], run["error_code"]) == ("failed", "answer_invalid")
    assert await model_calls(world) == (2, 2)
    usage = await usage_of(world, run["id"])
    assert [row["state"] for row in usage] == ["refused"] * 4
    assert run["ai_cost_nano_usd"] == sum(row["cost_nano_usd"] for row in usage) > 0


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 429},
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 401},
        {"kind": "drop"},
    ],
)
async def test_openai_down_or_over_its_limit_falls_back_for_every_call(
    world: World, fault: dict[str, Any]
) -> None:
    await world.simulators.add_fault("openai", **fault)
    await world.start_engine()
    run = await world.ended(await world.accept("openai.is.down", kind="deep"))
    assert run["state"] == "completed"
    assert await model_calls(world) == (0, 3)
    # The breaker has learnt: the next run doesn't ask it at all.
    asked = await chats(world)
    second = await world.ended(await world.accept("openai.still.down", kind="deep"))
    assert second["state"] == "completed"
    if fault.get("status") != 401:  # three failures, not yet enough
        assert await chats(world) == asked


async def test_claude_reads_its_prefix_from_the_cache(world: World) -> None:
    await world.simulators.add_fault("openai", "status", status=503)
    await world.start_engine()
    first = await world.ended(await world.accept("claude.one", kind="deep"))
    second = await world.ended(await world.accept("claude.two", kind="deep"))
    usage = [row for row in await usage_of(world, second["id"]) if row["provider"] == "anthropic"]
    assert all(row["cached_tokens"] >= 1024 for row in usage)
    assert second["ai_cost_nano_usd"] < first["ai_cost_nano_usd"]


async def test_through_the_ai_gateway_with_its_headers_and_hits_cost_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with small_gateway(world.simulators.url) as gateway:
        monkeypatch.setenv("AI_GATEWAY_URL", gateway.url)
        monkeypatch.setenv("AI_GATEWAY_TOKEN", "gateway-token")
        await world.simulators.add_fault("openai", "status", status=503, times=3)
        await world.start_engine()
        run = await world.ended(await world.accept("through.gateway"))
        assert run["state"] == "completed"
        assert [heard.provider for heard in gateway.heard] == ["openai"] * 3 + ["anthropic"]
        assert {heard.path for heard in gateway.heard} == {"/chat/completions", "/v1/messages"}
        for heard in gateway.heard:
            assert heard.headers["cf-aig-collect-log-payload"] == "false"
            assert heard.headers["cf-aig-authorization"] == "Bearer gateway-token"
            assert heard.metadata["run"] == str(run["id"])
            assert heard.metadata["account"] == str(world.account_id)
            assert len(heard.metadata) <= 5
            assert heard.headers["cf-aig-cache-key"].startswith(f"{world.account_id}:light/v2")
        assert gateway.heard[-1].headers["x-api-key"] == "oslira-dev-anthropic"
        assert run["ai_cost_nano_usd"] > 0
        # The same once more, as a second run of the same profile asks it: answered by the gateway, and not paid again.
        again = await world.ended(await world.accept("through.gateway"))
        calls = await model_calls(world)
        third = await world.ended(await world.accept("through.gateway"))
        assert await model_calls(world) == calls
        assert again["state"] == third["state"] == "completed"
        assert third["ai_cost_nano_usd"] == 0
        assert (await usage_of(world, third["id"]))[0]["input_tokens"] > 1024
        logged = json.dumps([heard.headers for heard in gateway.heard])
        assert "through.gateway" not in logged


async def test_a_hit_is_never_shared_between_accounts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with small_gateway(world.simulators.url) as gateway:
        monkeypatch.setenv("AI_GATEWAY_URL", gateway.url)
        await world.start_engine()
        other = await world.another_account()
        first = await world.ended(await world.accept("same.profile"))
        second = await world.ended(await world.accept("same.profile", owner=other))
        assert first["state"] == second["state"] == "completed"
        assert second["ai_cost_nano_usd"] > 0
        assert len({heard.headers["cf-aig-cache-key"] for heard in gateway.heard}) == 2


async def test_each_provider_is_sent_what_its_model_takes_and_room_for_its_reasoning(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with small_gateway(world.simulators.url) as gateway:
        monkeypatch.setenv("AI_GATEWAY_URL", gateway.url)
        await world.start_engine()
        await world.ended(await world.accept("first.choice", kind="xray"))
        await world.ended(await world.accept("first.choice.light"))
        await world.simulators.add_fault("openai", "status", status=503)
        await world.ended(await world.accept("second.choice", kind="xray"))
        await world.ended(await world.accept("second.choice.light"))
        sent = {
            (heard.body["model"], heard.body.get("max_completion_tokens")): heard.body
            for heard in gateway.heard
        }
        luna, terra = sent["gpt-6-luna", 1_500], sent["gpt-6.1-terra", 8_000]
        sol = sent["gpt-6.1-sol", 10_000]
        assert [body["reasoning_effort"] for body in (luna, terra, sol)] == ["none", "low", "low"]
        assert all("temperature" not in body for body in (luna, terra, sol))
        assert all(body["prompt_cache_options"] == {"mode": "explicit"} for body in (luna, terra, sol))
        claudes = {
            heard.body["max_tokens"]: heard.body for heard in gateway.heard if heard.provider == "anthropic"
        }
        light, core, psychographic = claudes[1_950], claudes[10_400], claudes[13_000]
        assert [body["model"] for body in (light, core, psychographic)] == [
            "claude-haiku-5-5",
            "claude-haiku-5-5",
            "claude-sonnet-5-5",
        ]
        assert [body["thinking"]["type"] for body in (light, core, psychographic)] == [
            "disabled",
            "adaptive",
            "adaptive",
        ]
        assert [body["output_config"]["effort"] for body in (light, core, psychographic)] == ["low"] * 3


async def test_requests_of_one_task_and_business_share_a_cache_key_and_others_do_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with small_gateway(world.simulators.url) as gateway:
        monkeypatch.setenv("AI_GATEWAY_URL", gateway.url)
        await world.start_engine()
        other = await world.another_account()
        for name, owner in (("key.one", None), ("key.two", None), ("key.one", other)):
            await world.ended(await world.accept(name, kind="deep", owner=owner))
        keys = [heard.body["prompt_cache_key"] for heard in gateway.heard]
        assert {(key, keys.count(key)) for key in keys} == {
            (f"{task}:{business_id}", times)
            for business_id, times in ((world.business_profile_id, 2), (other[1], 1))
            for task in ("core", "outreach", "personality")
        }
        assert max(len(f"business_profile:{other[1]}"), *map(len, keys)) <= 64  # OpenAI refuses longer ones


async def test_only_the_common_prefix_is_written_to_the_cache_and_the_surcharge_is_recorded(
    world: World,
) -> None:
    await world.start_engine()
    first = await world.ended(await world.accept("writes.the.prefix"))
    tokens = (await world.simulators.counters())["openai"]["tokens"]
    usage = (await usage_of(world, first["id"]))[0]
    assert 1_024 < tokens["cache_creation"] < usage["input_tokens"]
    in_common = {"cached_tokens": 0, "output_tokens": usage["output_tokens"]}
    expected, without = (
        known_cost_nano_usd(
            "openai",
            "gpt-6-luna",
            input_tokens=usage["input_tokens"],
            cache_write_tokens=written,
            **in_common,
        )
        for written in (tokens["cache_creation"], 0)
    )
    assert usage["cost_nano_usd"] == expected > without
    second = await world.ended(await world.accept("reads.the.prefix"))
    assert (await usage_of(world, second["id"]))[0]["cached_tokens"] == tokens["cache_creation"]
    assert (await world.simulators.counters())["openai"]["tokens"]["cache_creation"] == tokens[
        "cache_creation"
    ]
