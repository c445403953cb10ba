"""The promises that are checked on a bad day."""

import statistics
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg

from oslira_proof.promises.bad_day_orders import Orders
from oslira_proof.promises.bad_day_program import DOOMED, ORDINARY, Day
from oslira_proof.promises.finding import Finding

PROMISED_SUCCESS: Final = 0.99
PROMISED_CALLS: Final = 1.02
PROMISED_STARTS: Final = 5
PROMISED_WAIT: Final = 2.0
PROMISED_CANCEL_S: Final = 1.0
# No request is answered without these; the day chooses how long they are unavailable.
_OWN_SERVERS_AWAY: Final = frozenset({"bus wiped", "bus hangs", "postgres restarted"})
_SLOTS: Final = 10
_CALLS: Final = {"light": 1, "deep": 3, "xray": 4}
_TOLD: Final = ("username", "type", "state", "error_code", "error_detail", "id")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known once the day is over and everything has ended, or was waited for long enough.

    `untouched`: phases whose faults hit no call, so that they prove nothing.
    """

    orders: Orders
    runs: list[asyncpg.Record]
    wrong: list[str]
    counters: dict[str, Any]
    untouched: list[str]


def findings(outcome: Outcome, day: Day) -> list[Finding]:
    """One line of the table for each promise."""
    hour = f"bad day ({day.minutes:g} minutes in {60 * day.minutes / day.factor:.0f} s)"
    return [
        _success(outcome, hour),
        _doomed(outcome, hour),
        Finding(
            f"{hour}: charged wrongly, or still held",
            "0, the audit clean",
            str(len(outcome.wrong)),
            not outcome.wrong,
            {"wrong": outcome.wrong},
        ),
        _paid_calls(outcome, hour),
        _starts(outcome, hour),
        _calm_wait(outcome, hour),
        _cancels(outcome, hour),
        Finding(
            f"{hour}: phases whose faults hit no call",
            "0",
            f"{len(outcome.untouched)} {outcome.untouched or ''}".strip(),
            not outcome.untouched,
        ),
    ]


def _success(outcome: Outcome, hour: str) -> Finding:
    runs = [
        run for run in outcome.runs if not run["username"].startswith(DOOMED) and run["state"] != "cancelled"
    ]
    completed = [run for run in runs if run["state"] == "completed"]
    share = len(completed) / len(runs)
    lost = [
        (outcome.orders.title_at(run["created_s"]), *(str(run[name]) for name in _TOLD))
        for run in runs
        if run["state"] != "completed"
    ]
    return Finding(
        f"{hour}: completed, of runs whose suppliers came back",
        f">= {PROMISED_SUCCESS:.0%}",
        f"{share:.2%} ({len(completed)} of {len(runs)}; {outcome.orders.refusals} orders had to come again)",
        share >= PROMISED_SUCCESS,
        {"lost": lost, "reasons": Counter(run["error_code"] for run in runs if run["error_code"])},
    )


def _doomed(outcome: Outcome, hour: str) -> Finding:
    runs = [run for run in outcome.runs if run["username"].startswith(DOOMED) and run["state"] != "cancelled"]
    states = Counter(run["error_code"] or run["state"] for run in runs)
    others = sum(run["state"] != "failed" for run in runs)
    return Finding(
        f"{hour}: runs of names that can't be scraped, not ended as failed",
        "0",
        f"{others} of {len(runs)} ({', '.join(f'{count} {state}' for state, count in states.most_common())})",
        others == 0,
    )


def _paid_calls(outcome: Outcome, hour: str) -> Finding:
    """Cancelled runs count for neither."""
    cancelled = {run["username"] for run in outcome.runs if run["state"] == "cancelled"}
    paid = sum(
        sum(calls.values())
        for provider in ("openai", "anthropic")
        for name, calls in outcome.counters[provider]["by_username_and_schema"].items()
        if name not in cancelled
    )
    needed = sum(_CALLS[run["type"]] for run in outcome.runs if run["state"] == "completed")
    ratio = paid / max(1, needed)
    return Finding(
        f"{hour}: paid model calls for each call of a completed run",
        f"<= {PROMISED_CALLS}",
        f"{ratio:.3f} ({paid} for {needed})",
        ratio <= PROMISED_CALLS,
        {"faults": outcome.counters["faults"]},
    )


def _starts(outcome: Outcome, hour: str) -> Finding:
    apify = outcome.counters["apify"]
    starts: dict[str, int] = apify["starts_by_username"]
    most = max(starts.values(), default=0)
    still = apify["running"]
    return Finding(
        f"{hour}: starts of one scrape; actor runs at once; left running",
        f"<= {PROMISED_STARTS}; <= {_SLOTS}; 0",
        f"{most} ({sum(starts.values()) / max(1, len(starts)):.2f} on average); {apify['max_running']}; {still}",
        most <= PROMISED_STARTS and apify["max_running"] <= _SLOTS and still == 0,
        {"many": {name: count for name, count in starts.items() if count > PROMISED_STARTS}},
    )


def _calm_wait(outcome: Outcome, hour: str) -> Finding:
    """From the order to the end, of the customer whose names no rule hits, while others' are hit."""
    ends: dict[UUID, float] = {run["id"]: run["finished_s"] for run in outcome.runs if run["finished_s"]}
    waits: dict[str, list[float]] = {"ordinary": [], "troubled": []}
    for order in outcome.orders.made:
        if order.customer.is_calm and (end_s := ends.get(UUID(order.run_id))) is not None:
            if order.phase.title == ORDINARY:
                waits["ordinary"].append(end_s - order.at_s)
            elif order.phase.names:
                waits["troubled"].append(end_s - order.at_s)
    usual_s, troubled_s = (
        statistics.quantiles(each, n=10, method="inclusive")[-1] for each in waits.values()
    )
    ratio = troubled_s / usual_s
    return Finding(
        f"{hour}: p90 wait of an account whose names are not hit, over the ordinary one",
        f"<= {PROMISED_WAIT}",
        f"{ratio:.2f} ({troubled_s:.2f} s, ordinary {usual_s:.2f} s, of {len(waits['troubled'])} and {len(waits['ordinary'])})",
        ratio <= PROMISED_WAIT,
        waits,
    )


def _cancels(outcome: Outcome, hour: str) -> Finding:
    cancelled = sum(run["state"] == "cancelled" for run in outcome.runs)
    took = [
        (one.took_s, one.phase.title)
        for one in outcome.orders.cancels
        if one.phase.disturbance not in _OWN_SERVERS_AWAY
    ]
    slowest_s, where = max(took, default=(0.0, "none"))
    return Finding(
        f"{hour}: the slowest cancel while suppliers fail",
        f"<= {PROMISED_CANCEL_S:g} s",
        f"{slowest_s:.2f} s ({where}; {len(took)} cancels, {cancelled} before the run's end)",
        bool(took) and slowest_s <= PROMISED_CANCEL_S,
        {"took_s": took},
    )
