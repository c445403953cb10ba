"""Cancel at any moment: within a second, and the credits are back."""

import asyncio
import random
import time
from typing import Any

from oslira_client import ApiError

from oslira_proof.people import Person, differences, person
from oslira_proof.promises.finding import Finding, Tick, no_tick
from oslira_proof.promises.stage import Stage

PROMISED_S = 1.0


async def measure_cancels(
    on: Stage, *, count: int, longest_s: float, prefix: str = "cancelled", tick: Tick = no_tick
) -> Finding:
    """`count` runs, each cancelled up to `longest_s` after it was accepted; one that had completed by then answers 409."""
    draw, wrong, took_s, cancelled = random.Random(7), list[str](), list[float](), 0
    async with person(on.stack, available_credits=count, plan="enterprise") as user:
        for number in range(count):
            one_s, answer = await _cancel_at(user, f"{prefix}.{number}", draw.uniform(0, longest_s))
            took_s.append(one_s)
            if answer is not None:
                cancelled += 1
                run = await user.settled(answer["run_id"])
                if (run["status"], run["credits"]) != ("cancelled", {"held": 0, "charged": 0, "released": 1}):
                    wrong.append(f"{answer['run_id']}: {run['status']} {run['credits']}")
            tick(number + 1, count)
        balance = await user.client.balance()
        if (balance["available"], balance["held"]) != (cancelled, 0):
            wrong.append(
                f"the balance is {balance['available']} and {balance['held']} held, not {cancelled} and 0"
            )
    wrong += await differences(on.stack)
    return Finding(
        f"cancel at {count} random moments",
        f"<= {PROMISED_S:.0f} s, balance as before",
        f"{1000 * max(took_s):.0f} ms at most; {cancelled} cancelled, {count - cancelled} had completed, {len(wrong)} wrong",
        max(took_s) <= PROMISED_S and not wrong and cancelled > 0,
        {"took_ms": [1000 * one for one in took_s], "wrong": wrong},
    )


async def _cancel_at(user: Person, name: str, delay_s: float) -> tuple[float, dict[str, Any] | None]:
    """(seconds it took, the answer; None where the run had completed before)."""
    _, accepted = await user.analyze(name)
    await asyncio.sleep(delay_s)
    started = time.monotonic()
    try:
        answer = await user.client.cancel(accepted["run_id"])
    except ApiError as error:
        answer = None
        is_receipt = error.body.get("receipt", {}).get("run_id") == accepted["run_id"]
        if (error.status, error.code, is_receipt) != (409, "run_finished", True):
            raise
    return time.monotonic() - started, answer
