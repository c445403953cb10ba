"""A run takes its scrape, its slowest call, and little more."""

import time
from dataclasses import dataclass
from uuid import UUID

from oslira_proof.people import Person
from oslira_proof.promises.draws import provider_times
from oslira_proof.promises.finding import Finding, Tick, no_tick
from oslira_proof.promises.stage import Stage

PROMISED_MS = 150.0
# What a run does at least, in round trips of each kind, one after the other.
_STATEMENTS = 40
_REQUESTS = 8
# On a machine that is busy with other things nothing of it is quick. There this many times as long as that may pass.
_BUSY_FACTOR = 4.0


@dataclass(frozen=True, slots=True)
class Overhead:
    """Milliseconds beyond the providers' own: `ours` by the run's row, `seen` from the POST to the terminal event.

    `ruler` is how long a run's bare round trips took on this machine just after it.
    """

    ours: float
    seen: float
    ruler: float

    @property
    def is_small(self) -> bool:
        """As promised, or as good as this machine can do at present."""
        return self.ours <= max(PROMISED_MS, _BUSY_FACTOR * self.ruler)


async def measure_one(on: Stage, user: Person, name: str, kind: str) -> Overhead:
    """One cold run, followed by its events."""
    started = time.monotonic()
    _, accepted = await user.analyze(name, kind=kind)
    async for _ in user.client.follow(accepted["run_id"]):
        pass
    seen_s = time.monotonic() - started
    run = await user.settled(accepted["run_id"])
    if run["status"] != "completed":
        raise RuntimeError(f"{name}: {run['status']} {run['error']}")
    took_s = await on.analysis.fetchval(
        "select extract(epoch from finished_at - created_at)::float8 from analysis.runs where id = $1",
        UUID(accepted["run_id"]),
    )
    (theirs,) = await provider_times(on.simulators, [name])
    ours_ms, seen_ms = (1000 * (one - theirs.total_s) for one in (took_s, seen_s))
    return Overhead(ours_ms, seen_ms, await _ruler_ms(on))


async def measure_wall_time(
    on: Stage, user: Person, kind: str, *, count: int, prefix: str = "wall", tick: Tick = no_tick
) -> tuple[Finding, list[Overhead]]:
    """`count` runs one after the other; the process is warm, unless it has just started."""
    found: list[Overhead] = []
    for number in range(count):
        found.append(await measure_one(on, user, f"{prefix}.{kind}.{number}", kind))
        tick(number + 1, count)
    return finding_of(kind, found), found


def finding_of(kind: str, found: list[Overhead]) -> Finding:
    """The slowest of them decides."""
    ours, seen = sorted(one.ours for one in found), sorted(one.seen for one in found)
    rulers = sorted(one.ruler for one in found)
    middle = len(found) // 2
    return Finding(
        f"{kind}: wall time beyond scrape + slowest call, {len(found)} runs",
        f"<= {PROMISED_MS:.0f} ms",
        f"p50 {ours[middle]:.0f} ms, max {ours[-1]:.0f} ms (from POST to the last event: p50 {seen[middle]:.0f}, "
        f"max {seen[-1]:.0f}; a run's bare round trips: p50 {rulers[middle]:.0f}, max {rulers[-1]:.0f})",
        ours[-1] <= PROMISED_MS,
        {"ours_ms": ours, "seen_ms": seen, "ruler_ms": rulers},
    )


async def _ruler_ms(on: Stage) -> float:
    started = time.monotonic()
    for _ in range(_STATEMENTS):
        await on.analysis.fetchval("select 1")
    for _ in range(_REQUESTS):
        await on.simulators.counters()
    return (time.monotonic() - started) * 1000
