"""`oslira demo --engine`: the engine's promises, one after the other on one stack, as a table with target, figure and verdict."""

import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg
from oslira_devstack.stack import Stack, StackConfig
from rich.console import Console

from oslira_proof.demo.findings_table import table_of, watched
from oslira_proof.people import differences, person
from oslira_proof.promises.bulk_of_many import measure_bulk
from oslira_proof.promises.cancelling import measure_cancels
from oslira_proof.promises.fairness import measure_fairness
from oslira_proof.promises.faults import measure_faults
from oslira_proof.promises.finding import Finding, Tick
from oslira_proof.promises.kills import measure_kills
from oslira_proof.promises.latency_table import measure_table
from oslira_proof.promises.prefix_cache import compare_costs
from oslira_proof.promises.stage import Stage, stage
from oslira_proof.promises.wall_time import measure_wall_time
from oslira_proof.promises.wiped_bus import measure_wipe

_REPLICAS: Final = 2
# As fast as leaves a run time to be hit in the middle.
_FAST: Final = 40.0
# Short enough for faults that never answer, long enough for simulated calls at real latencies.
_LIMITS: Final = {"MODEL_TIMEOUT_S": "8", "APIFY_REQUEST_TIMEOUT_S": "3", "APIFY_START_SLACK_S": "2"}


@dataclass(frozen=True, slots=True)
class Counts:
    """How much of each is done."""

    bulk: int
    table: int
    wall: int
    waiting: int
    accepts: int
    faults: int
    cancels: int
    is_every_kill: bool


FULL: Final = Counts(
    bulk=100, table=5, wall=20, waiting=10_000, accepts=200, faults=200, cancels=20, is_every_kill=True
)
QUICK: Final = Counts(
    bulk=20, table=1, wall=3, waiting=1_000, accepts=20, faults=12, cancels=5, is_every_kill=False
)
Measure = Callable[[Stage, Counts, Tick], Awaitable[list[Finding]]]


async def run(directory: Path, /, *, quick: bool, as_json: bool) -> bool:
    """Whether every promise was kept. With `as_json` the findings alone go to stdout; the rest goes to stderr."""
    counts = QUICK if quick else FULL
    console = Console(stderr=as_json)
    started = time.monotonic()
    config = StackConfig(
        data_dir=directory,
        durable=False,
        replicas={"analysis": _REPLICAS},
        extra_environment={"analysis": _LIMITS},
        report=lambda line: console.print(f"  [dim]{line}[/dim]"),
    )
    console.print("[bold]Starting the stack, with two replicas of the engine[/bold]")
    findings: list[Finding] = []
    async with Stack(config) as stack, stage(stack) as on:
        for title, measure in PROGRAM:
            with watched(console, title) as tick:
                findings += await measure(on, counts, tick)
        unsettled = await differences(stack)
    findings.append(
        Finding(
            "audit: balances = entries, holds = runs, grants = payments",
            "clean",
            f"{len(unsettled)} differences",
            not unsettled,
            {"differences": unsettled},
        )
    )
    console.print(table_of(findings, title="What the engine promises"))
    console.print(f"In {time.monotonic() - started:.0f} s.")
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    return all(finding.holds is not False for finding in findings)


async def _bulk(on: Stage, counts: Counts, tick: Tick) -> list[Finding]:
    async with person(on.stack, available_credits=counts.bulk, plan="enterprise") as user:
        findings, _ = await measure_bulk(on, user, count=counts.bulk, tick=tick)
    return findings


async def _waiting_times(on: Stage, counts: Counts, tick: Tick) -> list[Finding]:
    async with (
        person(on.stack, available_credits=100, plan="enterprise") as user,
        person(on.stack, available_credits=100, plan="enterprise") as other,
    ):
        return await measure_table(on, user, other, count=counts.table, tick=tick)


async def _wall(on: Stage, counts: Counts, tick: Tick) -> list[Finding]:
    async with person(on.stack, available_credits=6 * counts.wall, plan="enterprise") as user:
        return [
            (await measure_wall_time(on, user, kind, count=counts.wall, tick=tick))[0]
            for kind in ("deep", "xray")
        ]


async def _cancels(on: Stage, counts: Counts, tick: Tick) -> list[Finding]:
    return [await measure_cancels(on, count=counts.cancels, longest_s=12.0, tick=tick)]


async def _prefix(on: Stage, _counts: Counts, tick: Tick) -> list[Finding]:
    await on.simulators.reset(only=["caches"])
    async with _fast(on), person(on.stack, available_credits=10, plan="enterprise") as user:
        runs = [
            UUID((await user.settled((await user.analyze(name, kind="deep"))[1]["run_id"]))["run_id"])
            for name in ("prefix.first", "prefix.second")
        ]
        gateway = await asyncpg.connect(on.access.database_url("gateway_service"))
        try:
            context = await gateway.fetchval(
                "select context from identity.business_profiles where id = $1", user.who.business_profile_id
            )
        finally:
            await gateway.close()
        tick(1, 1)
        return [await compare_costs(on.analysis, context=json.loads(context), first=runs[0], second=runs[1])]


async def _fairness(on: Stage, counts: Counts, tick: Tick) -> list[Finding]:
    async with _fast(on):
        findings, _ = await measure_fairness(on, waiting=counts.waiting, accepts=counts.accepts, tick=tick)
        return findings


async def _faults(on: Stage, counts: Counts, tick: Tick) -> list[Finding]:
    async with _fast(on):
        return [await measure_faults(on, count=counts.faults, tick=tick)]


async def _wipe(on: Stage, _counts: Counts, tick: Tick) -> list[Finding]:
    async with person(on.stack, available_credits=2) as user:
        finding = await measure_wipe(on, user, "watched.through.it")
    tick(1, 1)
    return [finding]


async def _kills(on: Stage, counts: Counts, tick: Tick) -> list[Finding]:
    """The stack's own engines rest meanwhile."""
    supervisor = on.stack.supervisor
    engines = [name for name in supervisor.processes if name.startswith("analysis")]
    for name in engines:
        await supervisor.stop_one(name)
    try:
        async with _fast(on), person(on.stack, available_credits=2_000, plan="enterprise") as user:
            return [await measure_kills(on, user, every=counts.is_every_kill, tick=tick)]
    finally:
        for name in engines:
            supervisor.start_one(name)
        await supervisor.wait_ready(*engines)


PROGRAM: Final[tuple[tuple[str, Measure], ...]] = (
    ("a bulk on two replicas", _bulk),
    ("waiting times", _waiting_times),
    ("wall time of deep and x-ray", _wall),
    ("cancel at random moments", _cancels),
    ("cached prompts", _prefix),
    ("a crowd waiting", _fairness),
    ("faults of every kind", _faults),
    ("the broker wiped", _wipe),
    ("SIGKILL at every step", _kills),
)


@asynccontextmanager
async def _fast(on: Stage) -> AsyncGenerator[None]:
    """The simulators' latencies divided, for what isn't about time."""
    await on.simulators.configure(speed=_FAST)
    try:
        yield
    finally:
        await on.simulators.configure(speed=1.0)
