"""Three requests in ten to every provider go wrong, in every way there is: each run ends, and the money adds up."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from oslira_devstack.simulated import Simulators, connect_simulators
from oslira_devstack.stack import Stack, StackConfig
from people import Person, differences, person

SHARE: Final = 0.3
PRICES: Final = {"light": 1, "deep": 2, "xray": 3}
REASONS: Final = {
    "answer_invalid",
    "attempts_used_up",
    "scrape_failed",
    "profile_not_found",
    "profile_private",
}
_WIRE: Final[list[dict[str, Any]]] = [
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503},
    {"kind": "timeout"},
    {"kind": "drop"},
    {"kind": "lost_answer"},
    {"kind": "truncate"},
    {"kind": "malformed"},
]
FAULTS: Final[dict[str, list[dict[str, Any]]]] = {
    "apify": [
        *_WIRE,
        {"kind": "error_item", "error_item": "not_found"},
        {"kind": "error_item", "error_item": "no_items"},
        {"kind": "run_failed"},
    ],
    "openai": [*_WIRE, {"kind": "refusal"}],
    "anthropic": [*_WIRE, {"kind": "refusal"}],
}


@pytest_asyncio.fixture
async def impatient_stack(scratch_dir: Path) -> AsyncGenerator[Stack]:
    """Time limits that fit simulators forty times as fast as the real providers."""
    limits = {"MODEL_TIMEOUT_S": "1.5", "APIFY_REQUEST_TIMEOUT_S": "1.5", "APIFY_START_SLACK_S": "2"}
    config = StackConfig(
        data_dir=scratch_dir / "impatient", speed=40, durable=False, extra_environment={"analysis": limits}
    )
    async with Stack(config) as running:
        yield running


async def break_things(simulators: Simulators) -> None:
    for provider, faults in FAULTS.items():
        for fault in faults:
            await simulators.add_fault(provider, rate=SHARE / len(faults), **fault)


async def one_run(user: Person, number: int) -> tuple[str, dict[str, Any]]:
    kind = list(PRICES)[number % len(PRICES)]
    _, accepted = await user.analyze(f"faulty.{number}", kind=kind)
    return kind, await user.settled(accepted["run_id"], timeout_s=300)


async def survive(stack: Stack, *, count: int) -> None:
    async with (
        connect_simulators(stack.simulators_url) as simulators,
        person(stack, available_credits=3 * count, plan="enterprise") as user,
    ):
        await break_things(simulators)
        runs = await asyncio.gather(*(one_run(user, number) for number in range(count)))
        hit = (await simulators.counters())["faults"]
        balance = await user.client.balance()
    endings = Counter(run["status"] if run["error"] is None else run["error"]["code"] for _, run in runs)
    print(f"{count} runs: {dict(endings)}; faults {hit}")  # noqa: T201
    spent = 0
    for kind, run in runs:
        price = PRICES[kind]
        if run["status"] == "completed":
            assert run["credits"] == {"held": 0, "charged": price, "released": 0}
            spent += price
        else:
            assert run["status"] == "failed"
            assert run["error"]["code"] in REASONS
            assert run["error"]["detail"]
            assert run["credits"] == {"held": 0, "charged": 0, "released": price}
    assert (balance["available"], balance["held"]) == (3 * count - spent, 0)
    assert endings["completed"] > count / 2
    assert await differences(stack) == []


async def test_a_few_runs_end_well_or_with_a_release_and_a_reason(impatient_stack: Stack) -> None:
    await survive(impatient_stack, count=9)


@pytest.mark.campaign
@pytest.mark.timeout(1200)
async def test_two_hundred_runs_end_well_or_with_a_release_and_a_reason(impatient_stack: Stack) -> None:
    await survive(impatient_stack, count=200)
