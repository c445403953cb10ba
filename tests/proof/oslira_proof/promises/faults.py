"""Three requests in ten to every provider go wrong, in every way there is: each run ends, and the money adds up."""

import asyncio
from collections import Counter
from typing import Any, Final

from oslira_proof.people import Person, differences, person
from oslira_proof.promises.finding import Finding, Tick, no_tick
from oslira_proof.promises.stage import Stage

SHARE: Final = 0.3
_PRICES: Final = {"light": 1, "deep": 2, "xray": 3}
_REASONS: Final = frozenset(
    {"answer_invalid", "attempts_used_up", "scrape_failed", "profile_not_found", "profile_private"}
)
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
_FAULTS: Final[dict[str, list[dict[str, Any]]]] = {
    "apify": [
        *_WIRE,
        {"kind": "error_item", "error_item": "not_found"},
        {"kind": "error_item", "error_item": "no_items"},
        {"kind": "run_failed"},
    ],
    "openai": [*_WIRE, {"kind": "refusal"}],
    "anthropic": [*_WIRE, {"kind": "refusal"}],
}


async def measure_faults(on: Stage, *, count: int, tick: Tick = no_tick) -> Finding:
    """Wants a stack whose time limits fit its simulators' speed; leaves no faults behind."""
    done = 0

    async def one(user: Person, number: int) -> tuple[str, dict[str, Any]]:
        nonlocal done
        kind = list(_PRICES)[number % len(_PRICES)]
        _, accepted = await user.analyze(f"faulty.{number}", kind=kind)
        run = await user.settled(accepted["run_id"], timeout_s=900)
        done += 1
        tick(done, count)
        return kind, run

    async with person(on.stack, available_credits=3 * count, plan="enterprise") as user:
        for provider, faults in _FAULTS.items():
            for fault in faults:
                await on.simulators.add_fault(provider, rate=SHARE / len(faults), **fault)
        try:
            runs = await asyncio.gather(*(one(user, number) for number in range(count)))
            hit = (await on.simulators.counters())["faults"]
        finally:
            await on.simulators.clear_faults()
        balance = await user.client.balance()
    wrong = [fault for kind, run in runs if (fault := _fault_of(kind, run)) is not None]
    spent = sum(run["credits"]["charged"] for _, run in runs)
    if (balance["available"], balance["held"]) != (3 * count - spent, 0):
        wrong.append(f"the balance is {balance['available']} and {balance['held']} held, spent were {spent}")
    wrong += await differences(on.stack)
    endings = Counter(run["status"] if run["error"] is None else run["error"]["code"] for _, run in runs)
    return Finding(
        f"{SHARE:.0%} faults of every kind, {count} runs: ended neither completed nor failed with a release and a reason",
        "0, the audit clean",
        f"{len(wrong)} ({', '.join(f'{number} {name}' for name, number in endings.most_common())})",
        not wrong and endings["completed"] > count / 2,
        {"endings": dict(endings), "faults": hit, "wrong": wrong},
    )


def _fault_of(kind: str, run: dict[str, Any]) -> str | None:
    price, credits_ = _PRICES[kind], run["credits"]
    if run["status"] == "completed":
        is_right = credits_ == {"held": 0, "charged": price, "released": 0}
    else:
        is_right = (
            run["status"] == "failed"
            and run["error"]["code"] in _REASONS
            and bool(run["error"]["detail"])
            and credits_ == {"held": 0, "charged": 0, "released": price}
        )
    return None if is_right else f"{run['run_id']}: {run['status']} {run['error']} {credits_}"
