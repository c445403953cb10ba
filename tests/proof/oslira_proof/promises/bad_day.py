"""An hour in which every supplier fails in every way, one after the other, for five customers: what was lost and what it cost."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import asyncpg
from oslira_devstack.stack import StackConfig
from oslira_devstack.tcp_proxy import Mode
from oslira_shared.catalog import OFFERS
from oslira_shared.contracts.analysis.v1 import AnalysisType

from oslira_proof.people import Person, differences, eventually, person
from oslira_proof.promises.bad_day_findings import Outcome, findings
from oslira_proof.promises.bad_day_orders import Orders
from oslira_proof.promises.bad_day_program import DOOMED, Day, Disturbance, Phase, Rule
from oslira_proof.promises.finding import Finding, Tick, no_tick
from oslira_proof.promises.stage import Stage

_CREDITS: Final = 5_000
# Of the day: how long a run of one profile is waited for by the engine while its supplier is away.
_BUDGET_S: Final = 1_800.0
# Time limits are no shorter than this, whatever the factor: the machine itself doesn't get faster.
_SHORTEST_LIMIT_S: Final = 1.5
_SCALED: Final = {
    "MODEL_TIMEOUT_S": 60.0,
    "APIFY_REQUEST_TIMEOUT_S": 15.0,
    "APIFY_START_SLACK_S": 30.0,
    "APIFY_ACTOR_LIMIT_S": 120.0,
    "SNOOZE_SINGLE_S": _BUDGET_S,
    "SNOOZE_BULK_S": 21_600.0,
    "USED_UP_PATIENCE_S": 60.0,
}
_PROXY_MODES: Final[dict[Disturbance, tuple[str, Mode]]] = {
    "bus hangs": ("nats", "hang"),
    "s3 hangs": ("s3", "hang"),
    "s3 drips": ("s3", "drip"),
}
_TIMES_OF_RULES: Final = ("delay_s", "retry_after_s")
_RUNS: Final = """
select id, account_id, username, type, state, error_code, error_detail,
       extract(epoch from created_at)::float8 as created_s, extract(epoch from finished_at)::float8 as finished_s
  from analysis.runs where account_id = any($1::uuid[])
"""
_OPEN: Final = """
select (select count(*) from analysis.runs where account_id = any($1::uuid[]) and finished_at is null)
     + (select count(*) from analysis.bulks where account_id = any($1::uuid[]) and finished_at is null)
"""


def bad_day_config(directory: Path, day: Day, *, replicas: int = 2) -> StackConfig:
    """A stack whose suppliers, time limits and budgets are as much faster as the day is."""
    limits = {name: f"{max(_SHORTEST_LIMIT_S, limit_s / day.factor):g}" for name, limit_s in _SCALED.items()}
    return StackConfig(
        data_dir=directory,
        speed=day.factor,
        durable=False,
        replicas={"analysis": replicas},
        proxied=frozenset({"s3", "nats"}),
        extra_environment={"analysis": limits},
    )


async def measure_bad_day(on: Stage, day: Day, *, tick: Tick = no_tick) -> list[Finding]:
    """On a stack of `bad_day_config`, which no other test uses at the same time."""
    await on.simulators.reset(only=["counters", "draws", "faults"])
    async with AsyncExitStack() as stack:
        people = {
            customer.name: await stack.enter_async_context(
                person(on.stack, available_credits=_CREDITS, plan=customer.plan)
            )
            for customer in day.customers
        }
        orders = Orders(people, day.customers, day.factor, day.phases[0])
        untouched: list[str] = []
        coming = asyncio.create_task(orders.keep_coming())
        try:
            for number, phase in enumerate(day.phases):
                orders.enter(phase)
                async with _goes_wrong(on, phase, day.factor) as hits:
                    await asyncio.sleep(60 * phase.minutes / day.factor)
                if hits and not sum(hits):
                    untouched.append(phase.title)
                tick(number + 1, len(day.phases))
            orders.close()
            await coming
        finally:
            coming.cancel()
        outcome = await _ending(on, orders, day, untouched)
    return findings(outcome, day)


@asynccontextmanager
async def _goes_wrong(on: Stage, phase: Phase, factor: float) -> AsyncGenerator[list[int]]:
    """Afterwards the list has how many calls each passing rule hit; those of permanent rules are not known yet."""
    hits: list[int] = []
    passing: list[int] = []
    for rule in phase.rules:
        rule_id = await on.simulators.add_fault(**_scaled(rule, factor))
        if not _is_doomed(rule):
            passing.append(rule_id)
    try:
        await _disturb(on, phase)
        yield hits
    finally:
        hits += [await on.simulators.remove_fault(rule_id) for rule_id in passing]
        for proxy in on.stack.proxies.values():
            await proxy.set_mode("pass")


async def _disturb(on: Stage, phase: Phase) -> None:
    nats, postgres = on.stack.servers.nats, on.stack.servers.postgres
    match phase.disturbance:
        case None:
            pass
        case "bus wiped":
            await nats.stop()
            await nats.wipe()
            await nats.start()
        case "postgres restarted":
            await postgres.stop()
            await postgres.start()
        case proxied:
            server, mode = _PROXY_MODES[proxied]
            await on.stack.proxies[server].set_mode(mode)


def _is_doomed(rule: Rule) -> bool:
    return str(rule.get("username", "")).startswith(DOOMED)


def _scaled(rule: Rule, factor: float) -> Rule:
    return rule | {name: rule[name] / factor for name in _TIMES_OF_RULES if name in rule}


async def _ending(on: Stage, orders: Orders, day: Day, untouched: list[str]) -> Outcome:
    accounts = [one.who.account_id for one in orders.people.values()]

    async def has_ended() -> bool:
        # A connection of each look: Postgres was restarted.
        analysis = await asyncpg.connect(on.access.database_url("analysis_service"))
        try:
            return await analysis.fetchval(_OPEN, accounts) == 0
        finally:
            await analysis.close()

    unfinished: list[str] = []
    try:
        await eventually(has_ended, timeout_s=_BUDGET_S / day.factor + 60)
    except TimeoutError:
        unfinished = ["runs or bulks have not ended"]
    analysis = await asyncpg.connect(on.access.database_url("analysis_service"))
    try:
        runs = await analysis.fetch(_RUNS, accounts)
    finally:
        await analysis.close()
    audit = await differences(on.stack)
    accounts_wrong = [
        fault for one in orders.people.values() if (fault := await _balance_fault(one, runs)) is not None
    ]
    counters = await on.simulators.counters()
    await on.simulators.clear_faults()
    return Outcome(orders, runs, [*unfinished, *audit, *accounts_wrong], counters, untouched)


async def _balance_fault(one: Person, runs: list[asyncpg.Record]) -> str | None:
    """Charged is what completed costs, and nothing is held."""
    owed = sum(
        OFFERS[AnalysisType(run["type"])].price_credits
        for run in runs
        if run["account_id"] == one.who.account_id and run["state"] == "completed"
    )
    balance = await one.client.balance()
    if (balance["available"], balance["held"]) == (_CREDITS - owed, 0):
        return None
    charged = _CREDITS - balance["available"] - balance["held"]
    return f"{one.who.account_id}: charged {charged}, completed {owed}, held {balance['held']}"
