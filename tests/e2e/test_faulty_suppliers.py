"""Suppliers' faults, one profile each: its run completes and is charged once, or fails and is not charged."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from oslira_devstack.simulated import Simulators, connect_simulators
from oslira_devstack.stack import Stack
from people import Person, differences, person

Rule = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """`starts` and `calls` are the most that may be paid for: actor runs, and answers of models."""

    name: str
    rules: tuple[Rule, ...]
    starts: int = 1
    calls: int = 1
    error: frozenset[str] = field(default_factory=frozenset[str])
    timeout_s: float = 60.0


def _apify(kind: str, **details: Any) -> Rule:
    return {"provider": "apify", "kind": kind, **details}


def _openai(kind: str, **details: Any) -> Rule:
    return {"provider": "openai", "kind": kind, **details}


def _both(kind: str, **details: Any) -> tuple[Rule, Rule]:
    return _openai(kind, **details), {"provider": "anthropic", "kind": kind, **details}


def _claude(kind: str, **details: Any) -> tuple[Rule, Rule]:
    """OpenAI refuses the request itself, so Claude is asked."""
    return _openai("status", status=400), {"provider": "anthropic", "kind": kind, **details}


_PAGE: Rule = {"as_html": True}
_START, _LOOK = {"path": "POST *runs"}, {"path": "GET /v2/actor-runs"}
COMPLETES = (
    Case("page.for.a.started.run", (_apify("status", status=502, is_done=True, times=1, **_PAGE, **_START),)),
    Case("pages.while.waiting", (_apify("status", status=502, times=3, **_PAGE, **_LOOK),)),
    Case("start.answer.lost", (_apify("lost_answer", times=1, **_START),)),
    Case("memory.limit", (_apify("memory_limit", for_s=6),)),
    Case("limited.by.page", (_apify("status", status=429, for_s=6, **_PAGE),)),
    Case("run.not.there.yet", (_apify("run_missing_once", times=1, delay_s=5),)),
    Case("aborted.by.apify", (_apify("aborted_by_platform", times=1),), starts=2),
    Case("timed.out.at.apify", (_apify("run_timed_out", times=1),), starts=2),
    Case("someone.else.once", (_apify("other_item", times=1),), starts=2),
    Case("blocked.once", (_apify("blocked_items", times=1),), starts=2),
    Case("login.wall.once", (_apify("login_wall", times=1),), starts=2),
    Case("nothing.in.the.dataset", (_apify("empty_dataset", times=1),), starts=2),
    Case("fenced", (_openai("fenced"),)),
    Case("twice.and.more", (_openai("doubled"),)),
    Case("in.parts", (_openai("parts"),)),
    Case("numbers.as.text", (_openai("text_numbers"),)),
    Case("no.usage", (_openai("no_usage"),)),
    Case("half.an.emoji", (_openai("half_emoji"),)),
    Case("nul.in.an.answer", (_openai("nul"),)),
    Case("an.apology", (_openai("apology", times=1),), calls=2),
    Case("thoughts.alone", (_openai("null_content"),), calls=3),
    Case("cut.in.the.middle", (_openai("cut_body", times=1),), calls=2),
    Case("error.with.status.200", (_openai("error_body_200"),)),
    Case("out.of.quota", (_openai("insufficient_quota"),)),
    Case("claude.fenced", _claude("fenced")),
    Case("claude.twice.and.more", _claude("doubled")),
    Case("claude.in.parts", _claude("parts")),
    Case("claude.numbers.as.text", _claude("text_numbers")),
    Case("claude.no.usage", _claude("no_usage")),
    Case("claude.half.an.emoji", _claude("half_emoji")),
    Case("claude.nul", _claude("nul")),
    Case("claude.says.sorry", _claude("apology", times=1), calls=2),
    Case("claude.cut.in.the.middle", _claude("cut_body", times=1), calls=2),
    Case("claude.error.with.status.200", _claude("error_body_200", times=1)),
    Case("both.limited", _both("status", status=429, retry_after_s=4, for_s=6)),
    Case("both.away", _both("status", status=503, for_s=6)),
)
FAILS = (
    Case("always.failing", (_apify("run_failed"),), starts=5, calls=0, error=frozenset({"scrape_failed"})),
    Case("always.blocked", (_apify("blocked_items"),), starts=5, calls=0, error=frozenset({"scrape_failed"})),
    Case("always.other", (_apify("other_item"),), starts=5, calls=0, error=frozenset({"scrape_failed"})),
    Case("build.gone", (_apify("build_missing"),), starts=0, calls=0, error=frozenset({"scrape_failed"})),
)


async def _run_of(user: Person, simulators: Simulators, case: Case) -> dict[str, Any]:
    rules = [await simulators.add_fault(**rule, username=case.name) for rule in case.rules]
    _, accepted = await user.analyze(case.name)
    try:
        return await user.settled(accepted["run_id"], timeout_s=case.timeout_s)
    except TimeoutError:
        return await user.client.run(accepted["run_id"])
    finally:
        for rule in rules:
            await simulators.remove_fault(rule)


async def _paid(simulators: Simulators, name: str) -> tuple[int, int]:
    """(actor runs, answered model calls) for that name."""
    counters = await simulators.counters()
    calls = sum(
        sum(counters[provider]["by_username_and_schema"].get(name, {}).values())
        for provider in ("openai", "anthropic")
    )
    return counters["apify"]["starts_by_username"].get(name, 0), calls


@pytest.mark.timeout(180)
async def test_a_run_completes_whatever_its_suppliers_send_for_a_while(stack: Stack) -> None:
    wrong: list[str] = []
    async with (
        connect_simulators(stack.simulators_url) as simulators,
        person(stack, available_credits=100, plan="enterprise") as user,
    ):
        runs = await asyncio.gather(*(_run_of(user, simulators, case) for case in COMPLETES))
        for case, run in zip(COMPLETES, runs, strict=True):
            starts, calls = await _paid(simulators, case.name)
            is_charged_once = run["credits"] == {"held": 0, "charged": 1, "released": 0}
            if not is_charged_once or starts > case.starts or calls > case.calls:
                wrong.append(
                    f"{case.name}: {run['status']} {run['error']} {run['credits']}, {starts} starts, {calls} calls"
                )
    assert not wrong, "\n".join(wrong)


@pytest.mark.timeout(180)
async def test_a_run_that_can_not_be_scraped_fails_with_a_reason_and_costs_nothing(stack: Stack) -> None:
    wrong: list[str] = []
    async with (
        connect_simulators(stack.simulators_url) as simulators,
        person(stack, available_credits=100, plan="enterprise") as user,
    ):
        runs = await asyncio.gather(*(_run_of(user, simulators, case) for case in FAILS))
        for case, run in zip(FAILS, runs, strict=True):
            starts, calls = await _paid(simulators, case.name)
            is_released = run["credits"] == {"held": 0, "charged": 0, "released": 1}
            code = (run["error"] or {}).get("code")
            if not is_released or code not in case.error or starts > case.starts or calls > case.calls:
                wrong.append(
                    f"{case.name}: {run['status']} {run['error']} {run['credits']}, {starts} starts, {calls} calls"
                )
    assert not wrong, "\n".join(wrong)
    assert await differences(stack) == []
