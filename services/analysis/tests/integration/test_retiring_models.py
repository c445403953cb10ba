"""Models that are shut down or missing: runs complete on their successors, and operators are warned."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from analysis_world import World, eventually
from oslira_analysis.infrastructure.models.model_prices import known_cost_nano_usd
from oslira_analysis.metrics import MODEL_MISSING, MODEL_SHUTDOWN_DAYS
from oslira_shared.contracts.scheduler.v1 import JobState, RunJob, run_job_subject
from oslira_shared.runtime import Runtime

# What a deployment may have set before the models were deprecated.
OLD_TABLE = {
    "light": {"model": "gpt-4o-mini"},
    "core": {"model": "gpt-5-mini"},
    "outreach": {"model": "gpt-5-mini"},
    "personality": {"model": "gpt-5-mini"},
    "commercial": {"model": "gpt-5-mini"},
    "psychographic": {"model": "gpt-5"},
    "business_draft": {"model": "gpt-5-mini"},
}


def at(day: date) -> Callable[[], datetime]:
    return lambda: datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


async def usage_of(world: World, run_id: UUID) -> list[dict[str, Any]]:
    rows = await world.analysis.fetch(
        "select * from analysis.ai_usage_logs where run_id = $1 order by created_at", run_id
    )
    return [dict(row) for row in rows]


async def readiness(engine: Runtime) -> tuple[bool, str]:
    is_ready, body = await engine.health.report()
    return is_ready, body["checks"]["models"]


async def openai_requests(world: World) -> int:
    return (await world.simulators.counters())["openai"]["requests"]["POST /v1/chat/completions"]


def days_left(model: str, provider: str = "openai") -> float:
    return MODEL_SHUTDOWN_DAYS.labels(provider, model)._value.get()


@pytest.mark.parametrize(
    ("today", "light", "is_shown"),
    [
        (date(2026, 12, 12), "gpt-4o-mini", ("gpt-4o-mini", "gpt-5", "gpt-5-mini")),
        (date(2027, 1, 15), "gpt-6-luna", ("gpt-4o-mini", "gpt-5", "gpt-5-mini")),
    ],
)
async def test_after_the_shutdown_every_type_completes_on_successors_though_the_table_is_old(
    world: World, monkeypatch: pytest.MonkeyPatch, today: date, light: str, is_shown: tuple[str, ...]
) -> None:
    monkeypatch.setenv("MODEL_TABLE", json.dumps(OLD_TABLE))
    await world.simulators.configure(models={"today": str(today)})
    engine = await world.start_engine(now=at(today))
    expected = {
        "light": {"score": light},
        "deep": {"core": "gpt-6.1-terra", "outreach": "gpt-6.1-terra", "personality": "gpt-6.1-terra"},
        "xray": {
            "psychographic": "gpt-6.1-sol",
            "commercial": "gpt-6.1-terra",
            "outreach": "gpt-6.1-terra",
            "personality": "gpt-6.1-terra",
        },
    }
    for kind, models in expected.items():
        written_before = (await world.simulators.counters())["openai"]["tokens"].get("cache_creation", 0)
        run = await world.ended(await world.accept(f"on.successors.{kind}", kind=kind))
        assert run["state"] == "completed"
        usage = await usage_of(world, run["id"])
        assert {row["call"]: row["model"] for row in usage} == models
        assert {row["provider"] for row in usage} == {"openai"}
        written = (await world.simulators.counters())["openai"]["tokens"]["cache_creation"] - written_before
        assert run["ai_cost_nano_usd"] == sum(row["cost_nano_usd"] for row in usage)
        if kind == "light":  # one call, so all that was written to the cache is its
            assert run["ai_cost_nano_usd"] == known_cost_nano_usd(
                "openai",
                light,
                input_tokens=usage[0]["input_tokens"],
                cached_tokens=usage[0]["cached_tokens"],
                output_tokens=usage[0]["output_tokens"],
                cache_write_tokens=written,
            )
    # No request for an unavailable model was sent.
    assert set((await world.simulators.counters())["openai"]["by_model_and_schema"]) == {
        model for models in expected.values() for model in models.values()
    }
    # What the alert ModelShutsDown reads (it fires below 7 days), and what readiness shows.
    assert days_left("gpt-5") == (date(2026, 12, 11) - today).days < 7
    assert days_left("gpt-4o-mini") == (date(2027, 1, 14) - today).days
    is_ready, state = await readiness(engine)
    assert is_ready
    assert state.startswith("degraded: ")
    assert all(f"{model} shuts down on" in state for model in is_shown)


async def test_the_built_in_table_needs_no_model_that_ends(world: World) -> None:
    await world.simulators.configure(models={"today": "2027-01-15"})
    engine = await world.start_engine(now=at(date(2027, 1, 15)))
    run = await world.ended(await world.accept("built.in", kind="xray"))
    assert run["state"] == "completed"
    assert await readiness(engine) == (True, "ok")


async def test_a_missing_model_is_replaced_within_the_run_and_not_requested_again_by_any_replica(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_TABLE", json.dumps({"light": {"model": "gpt-4o-mini"}}))
    await world.simulators.configure(models={"today": "2026-11-01", "missing": ["gpt-4o-mini"]})
    engines = [await world.start_engine(now=at(date(2026, 11, 1))) for _ in range(2)]
    run = await world.ended(await world.accept("missing.model"))
    assert run["state"] == "completed"
    usage = await usage_of(world, run["id"])
    assert [(row["model"], row["state"], row["error"]) for row in usage] == [
        ("gpt-4o-mini", "failed", "404 model_not_found"),
        ("gpt-6-luna", "answered", None),
    ]

    async def all_know() -> bool:
        return all([(await readiness(engine))[1].startswith("degraded") for engine in engines])

    await eventually(all_know, timeout_s=10)
    assert MODEL_MISSING.labels("openai", "gpt-4o-mini")._value.get() == 1
    before = await openai_requests(world)
    for number in range(6):
        run = await world.ended(await world.accept(f"missing.model.{number}"))
        assert [row["model"] for row in await usage_of(world, run["id"])] == ["gpt-6-luna"]
    assert await openai_requests(world) == before + 6


async def test_a_missing_model_without_a_successor_falls_back_to_claude(world: World) -> None:
    await world.simulators.configure(models={"missing": ["gpt-6-luna"]})
    engine = await world.start_engine()
    run = await world.ended(await world.accept("no.successor"))
    assert run["state"] == "completed"
    assert [row["model"] for row in await usage_of(world, run["id"])] == ["gpt-6-luna", "claude-haiku-5-5"]
    is_ready, body = await engine.health.report()
    assert is_ready
    assert body["checks"]["openai"] == "ok"  # its breaker has nothing to do with it


async def run_check(world: World) -> JobState:
    request = RunJob(job="model-check", slot=datetime.now(UTC))

    async def done() -> JobState | None:
        state = await world.bus.request(run_job_subject("analysis"), request, JobState)
        return state if state.state != "due" else None

    return await eventually(done)


async def test_the_daily_check_reads_both_lists_and_corrects_an_error(world: World) -> None:
    await world.simulators.configure(
        models={
            "missing": ["gpt-6-luna"],
            "shutdown_dates": {"gpt-6.1-terra": "2026-12-20", "claude-haiku-5-5": "2027-01-01"},
        }
    )
    today = [date(2026, 11, 28)]

    def now() -> datetime:
        return at(today[0])()

    engine = await world.start_engine(now=now)
    run = await world.ended(await world.accept("before.check"))
    assert [row["model"] for row in await usage_of(world, run["id"])] == ["gpt-6-luna", "claude-haiku-5-5"]
    state = await run_check(world)
    assert (state.state, state.counts["succeeded"], state.counts["found"]) == ("done", 2, 1)
    is_ready, shown = await readiness(engine)
    assert is_ready
    assert "gpt-6.1-terra shuts down on 2026-12-20" in shown
    assert "claude-haiku-5-5 shuts down on 2027-01-01" in shown
    assert "gpt-6-luna is not found" in shown
    assert (days_left("gpt-6.1-terra"), days_left("claude-haiku-5-5", "anthropic")) == (22, 34)
    # The learnt date alone moves calls on, without another check; there is no successor, so to Claude.
    today[0] = date(2026, 12, 20)
    run = await world.ended(await world.accept("after.its.day", kind="deep"))
    assert {row["model"] for row in await usage_of(world, run["id"])} == {"claude-haiku-5-5"}
    # The model is available again: the next check reports it.
    await world.simulators.configure(models={"missing": []})
    await asyncio.sleep(0.01)  # another slot
    await run_check(world)
    run = await world.ended(await world.accept("after.check"))
    assert [row["model"] for row in await usage_of(world, run["id"])] == ["gpt-6-luna"]
