"""SIGKILL of the engine before and after every commit, publish and provider request of a deep run.

Every run completes; no model call whose answer was kept is made again; what was in doubt (asked, its answer not yet kept) is
made again at most once, and counted.
"""

from collections import Counter
from dataclasses import dataclass

import pytest
from analysis_world import World, eventually

CALLS = {"core", "outreach", "personality"}
# Where a crash has been most likely to hurt: the first touch of each of these, and the last.
TELLING = ("after write_intent", "after start", "after end", "after book", "after complete")


@dataclass(frozen=True)
class Outcome:
    touch: int
    where: str
    repeated_calls: int
    repeated_scrapes: int


async def clean_run(world: World) -> list[tuple[int, str]]:
    """What an undisturbed engine touches, from the run's acceptance to its end."""
    process = world.start_process()
    await eventually(lambda: process.has_touched(2))
    first = len(process.touches())
    run = await world.ended(await world.accept("kill.nobody", kind="deep"))
    assert run["state"] == "completed"
    touches = process.touches()
    process.kill()
    return touches[max(0, first - 1) :]


async def killed_run(world: World, kill_at: int) -> Outcome:
    username = f"kill.at.{kill_at}"
    process = world.start_process(kill_at=kill_at)
    run_id = await world.accept(username, kind="deep")
    await eventually(process.died)
    kept = {
        row["call"]
        for row in await world.analysis.fetch(
            "select call from analysis.call_answers where run_id = $1", run_id
        )
    }
    touches = [where for _, where in process.touches()]
    asked, completed = touches.count("before ask"), min(touches.count("after ask"), len(kept))
    await world.lapse_leases()
    saviour = world.start_process()
    run = await world.ended(run_id)
    saviour.kill()
    assert run["state"] == "completed", run
    counters = await world.simulators.counters()
    calls = Counter(counters["openai"]["by_username_and_schema"][username])
    starts = counters["apify"]["starts_by_username"][username]
    assert set(calls) == CALLS
    assert all(calls[name] == 1 for name in kept), f"paid twice after {touches[-1]}: {calls}, kept {kept}"
    assert max(calls.values()) <= 2
    repeated = calls.total() - len(CALLS)
    assert repeated <= asked - completed, f"{calls} after {touches[-3:]}"
    assert starts == 1, f"scraped {starts} times after {touches[-1]}"  # a lost start is adopted
    counted = await world.analysis.fetchrow(
        """select (select count(*) from analysis.analyses where run_id = $1) as analyses,
                  (select count(*) from analysis.leads where username = $2) as leads""",
        run_id,
        username,
    )
    assert counted is not None
    assert (counted["analyses"], counted["leads"]) == (1, 1)
    return Outcome(kill_at, touches[-1], repeated, starts - 1)


async def test_a_run_survives_a_kill_at_telling_moments(world: World) -> None:
    touches = await clean_run(world)
    chosen = {next((number for number, where in touches if where == telling), 0) for telling in TELLING}
    chosen.add([number for number, where in touches if where == "before complete"][-1])
    for kill_at in sorted(chosen - {0}):
        await killed_run(world, kill_at)


@pytest.mark.campaign
@pytest.mark.timeout(1800)
async def test_a_run_survives_a_kill_at_every_touch(world: World) -> None:
    touches = await clean_run(world)
    outcomes = [await killed_run(world, number) for number, _ in touches]
    print(  # noqa: T201
        f"{len(outcomes)} kills: {sum(one.repeated_calls for one in outcomes)} calls in doubt made again, "
        f"{sum(one.repeated_scrapes for one in outcomes)} scrapes started again"
    )
