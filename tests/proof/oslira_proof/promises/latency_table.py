"""How long users wait, at real latencies, beside what was planned. What the providers take is drawn, not tuned; the rest is ours."""

import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from oslira_proof.people import Person
from oslira_proof.promises.draws import provider_times
from oslira_proof.promises.finding import Finding, Tick, no_tick
from oslira_proof.promises.stage import Stage


@dataclass(frozen=True, slots=True)
class Waited:
    """Seconds: until the POST was answered, until the terminal event, and what the providers took of that."""

    accepted_s: float
    seen_s: float
    providers_s: float


async def measure_table(
    on: Stage, user: Person, other: Person, *, count: int, tick: Tick = no_tick
) -> list[Finding]:
    """`other` is of another account, for which cached profiles are scored again. Medians of `count` each."""
    cold = await _each(count, tick, lambda n: _wait(on, user, f"table.light.{n}", "light"))
    cached = await _each(count, tick, lambda n: _wait(on, other, f"table.light.{n}", "light"))
    deep = await _each(count, tick, lambda n: _wait(on, user, f"table.deep.{n}", "deep"))
    xray = await _each(count, tick, lambda n: _wait(on, user, f"table.xray.{n}", "xray"))
    reads = [await _read_again(user, f"table.light.{n}") for n in range(count)]
    accepts = [one.accepted_s for one in (*cold, *cached, *deep, *xray)]
    return [
        _line("light, cold", (8, 11), cold),
        _line("light, profile cached", (2, 3), cached),
        _line("deep, cold", (18, 23), deep),
        _line("x-ray, cold", (16, 18), xray),
        _short("the same analysis again, read", 1.0, reads),
        _short("accepted", 0.4, accepts),
    ]


async def _each(count: int, tick: Tick, wait: Callable[[int], Awaitable[Waited]]) -> list[Waited]:
    found: list[Waited] = []
    for number in range(count):
        found.append(await wait(number))
        tick(number + 1, count)
    return found


async def _wait(on: Stage, user: Person, name: str, kind: str) -> Waited:
    since_s, started = time.time(), time.monotonic()
    _, accepted = await user.analyze(name, kind=kind)
    accepted_s = time.monotonic() - started
    async for _ in user.client.follow(accepted["run_id"]):
        pass
    seen_s = time.monotonic() - started
    (theirs,) = await provider_times(on.simulators, [name], since_s=since_s)
    return Waited(accepted_s, seen_s, theirs.total_s)


async def _read_again(user: Person, name: str) -> float:
    started = time.monotonic()
    is_new, answer = await user.analyze(name)
    run = await user.client.run(answer["run_id"])
    if is_new or run["result"] is None:
        raise RuntimeError(f"{name} was analysed again")
    return time.monotonic() - started


def _line(what: str, planned_s: tuple[int, int], waited: list[Waited]) -> Finding:
    seen_s = statistics.median(one.seen_s for one in waited)
    ours_s = statistics.median(one.seen_s - one.providers_s for one in waited)
    theirs_s = statistics.median(one.providers_s for one in waited)
    return Finding(
        f"{what} ({len(waited)} runs)",
        f"{planned_s[0]}-{planned_s[1]} s",
        f"{seen_s:.1f} s at the median, {1000 * ours_s:.0f} ms of it ours, the rest drawn for the providers",
        # Where the providers alone take longer than was planned, there is nothing of ours to judge.
        True if seen_s <= planned_s[1] else None if theirs_s > planned_s[1] else False,
        {
            "seen_s": [one.seen_s for one in waited],
            "ours_ms": [1000 * (one.seen_s - one.providers_s) for one in waited],
        },
    )


def _short(what: str, planned_s: float, took_s: list[float]) -> Finding:
    worst_s = max(took_s)
    return Finding(
        f"{what} ({len(took_s)} times)",
        f"< {1000 * planned_s:.0f} ms",
        f"{1000 * statistics.median(took_s):.0f} ms at the median, {1000 * worst_s:.0f} ms at most",
        worst_s < planned_s,
        {"took_ms": [1000 * one for one in took_s]},
    )
