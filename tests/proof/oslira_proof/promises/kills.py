"""SIGKILL of the engine before and after every commit, publish and provider request of a deep run, with the ledger looking on.

Every run completes and is charged once. A model call whose answer was kept is never made again; what was in doubt (asked, its
answer not yet kept) is made again at most once, and counted.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from oslira_devstack.environment import SERVICES, Ports, service_environment
from oslira_devstack.ports import free_port

from oslira_proof.people import Person, differences, eventually
from oslira_proof.promises.finding import Finding, Tick, no_tick
from oslira_proof.promises.killed_engine import EngineProcess
from oslira_proof.promises.stage import Stage

# A stack of these has no engine but the ones that are killed here.
ALL_BUT_THE_ENGINE: Final = tuple(name for name in SERVICES if name != "analysis")
_CALLS: Final = frozenset({"core", "outreach", "personality"})
_PRICE: Final = 2
# Where a crash has been most likely to hurt: the first touch of each of these, and the last answer that was not kept.
_TELLING: Final = ("after start", "after end", "after complete")
_HASTE: Final = {"APIFY_REQUEST_TIMEOUT_S": "3", "APIFY_START_SLACK_S": "2", "SHUTDOWN_GRACE_S": "1"}
# What a dead engine held is free at once, as it would be some seconds later; nor is it waited for a start's answer.
_LAPSE: Final = """
update analysis.scrapes set intent_at = intent_at - interval '60 seconds' where actor_run_id is null;
update analysis.runs set lease_until = now(), not_before = null, due_at = case when due_at is null then null else now() end
 where lease_until is not null or due_at is not null;
update analysis.scrapes set lease_until = now(), not_before = null, due_at = case when due_at is null then null else now() end
 where lease_until is not null or due_at is not null
"""


@dataclass(frozen=True, slots=True)
class Killed:
    """One kill. `wrong` says what must not be."""

    where: str
    repeated_calls: int
    repeated_scrapes: int
    wrong: tuple[str, ...]


async def measure_kills(on: Stage, user: Person, *, every: bool, tick: Tick = no_tick) -> Finding:
    """On a stack whose engine isn't running. `every` touch of a deep run, or the telling ones; two credits each."""
    touches = await _undisturbed(on, user)
    chosen = touches if every else _telling(touches)
    killed: list[Killed] = []
    for number, _ in chosen:
        killed.append(await _kill_at(on, user, number))
        tick(len(killed), len(chosen))
    wrong = [f"{one.where}: {fault}" for one in killed for fault in one.wrong] + await differences_after(on)
    calls = sum(one.repeated_calls for one in killed)
    scrapes = sum(one.repeated_scrapes for one in killed)
    return Finding(
        f"SIGKILL of the engine at {len(killed)} of {len(touches)} steps of a deep run",
        "each completes, charged once; only what was in doubt is repeated, once",
        f"{len(killed) - sum(bool(one.wrong) for one in killed)} completed and charged once, no kept call paid twice; "
        f"{calls} calls and {scrapes} scrapes in doubt made again; {len(wrong)} wrong",
        not wrong,
        {"wrong": wrong, "repeated_at": [one.where for one in killed if one.repeated_calls]},
    )


async def differences_after(on: Stage) -> list[str]:
    """The audit, with an engine that settles what the last kill left."""
    saviour = _engine(on)
    try:
        return await differences(on.stack)
    finally:
        saviour.kill()


def _engine(on: Stage, *, kill_at: int = 0) -> EngineProcess:
    stack = on.stack
    environment = service_environment(
        "analysis",
        ports=Ports(internal=free_port()),
        servers=stack.servers,
        credentials=stack.credentials,
        providers=stack.providers,
        app_url=stack.gateway_url,
        extra=_HASTE,
    )
    return EngineProcess(environment, kill_at=kill_at, log=stack.data.logs / "killed-engines.log")


async def _undisturbed(on: Stage, user: Person) -> list[tuple[int, str]]:
    """What an engine touches from a run's acceptance to its settlement."""
    engine = _engine(on)
    try:
        await eventually(lambda: engine.has_touched(2))
        first = len(engine.touches())
        _, accepted = await user.analyze("kill.nobody", kind="deep")
        run = await user.settled(accepted["run_id"])
        if run["status"] != "completed":
            raise RuntimeError(f"undisturbed, it ended {run['status']}: {run['error']}")
        return engine.touches()[max(0, first - 1) :]
    finally:
        engine.kill()


def _telling(touches: list[tuple[int, str]]) -> list[tuple[int, str]]:
    firsts = [next((touch for touch in touches if touch[1] == telling), None) for telling in _TELLING]
    lasts = [touch for touch in touches if touch[1] == "before complete"][-1:]
    return sorted({touch for touch in (*firsts, *lasts) if touch is not None})


async def _kill_at(on: Stage, user: Person, number: int) -> Killed:
    name = f"kill.at.{number}"
    transfers = await user.transfers_in_ledger()
    victim = _engine(on, kill_at=number)
    _, accepted = await user.analyze(name, kind="deep")
    run_id = UUID(accepted["run_id"])
    await eventually(victim.died)
    kept = {
        row["call"]
        for row in await on.analysis.fetch("select call from analysis.call_answers where run_id = $1", run_id)
    }
    has_ended = await on.analysis.fetchval(
        "select finished_at is not null from analysis.runs where id = $1", run_id
    )
    told = [where for _, where in victim.touches()]
    await on.analysis.execute(_LAPSE)
    saviour = _engine(on)
    try:
        run = await user.settled(accepted["run_id"])
    finally:
        saviour.kill()
    counters = await on.simulators.counters()
    calls = Counter(counters["openai"]["by_username_and_schema"].get(name, {}))
    starts = counters["apify"]["starts_by_username"].get(name, 0)
    asked = told.count("before ask")
    in_doubt = 0 if has_ended else asked - len(kept)
    repeated = calls.total() - len(_CALLS)
    new_transfers = await user.transfers_in_ledger() - transfers
    faults = {
        f"the run ended {run['status']}": run["status"] != "completed",
        f"charged {run['credits']}": run["credits"] != {"held": 0, "charged": _PRICE, "released": 0},
        f"{new_transfers} transfers in the ledger, not a hold and a settlement": new_transfers != 2,
        f"calls {dict(calls)}": calls.keys() != _CALLS,
        f"a kept call was made again: {dict(calls)}, kept {kept}": any(calls[call] != 1 for call in kept),
        f"{repeated} calls repeated, {in_doubt} were in doubt": repeated > in_doubt
        or max(calls.values(), default=0) > 2,
        # A lost start is found by its input and adopted.
        f"scraped {starts} times": starts != 1,
    }
    return Killed(
        told[-1] if told else "?",
        repeated,
        starts - 1,
        tuple(text for text, is_so in faults.items() if is_so),
    )
