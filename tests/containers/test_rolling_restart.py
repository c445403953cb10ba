"""Every container of every service restarted, one at a time, under load: no user notices.

Who answers users, on the port or over the bus, is there twice, as it is wherever restarts must not show.

20 runs are kept in flight, each followed by an event stream; 50 requests a second go out on schedule beside them, and Stripe
delivers twice a second. A request that fails, a stream that breaks instead of ending, a run that is lost or paid for twice is a
bug in the order of our shutdown, or in the proxy's.
"""

import asyncio
import json
import os
import time

from composed import Composed
from oslira_devstack.simulated import Simulators
from oslira_proof.open_loop import Sender, run_open_loop
from oslira_proof.people import Person
from under_load import Runs, Stripe, mixed_requests

# Lower them on a machine that others use, too: what counts is the order of things, not their speed.
_IN_FLIGHT = int(os.environ.get("OSLIRA_ROLLING_RUNS", "20"))
_PER_S = float(os.environ.get("OSLIRA_ROLLING_PER_S", "50"))
_LONGEST_S = 900.0
_SERVICES = ("gateway", "credits", "analysis", "billing", "scheduler", "webhooks", "console")


async def test_a_rolling_restart_goes_unnoticed(
    composed: Composed, simulators: Simulators, person: Person
) -> None:
    await composed.up(gateway=2, billing=2, credits=2, analysis=2)
    runs, stripe = Runs(person, mark="rolling"), Stripe(person)
    sender = Sender("127.0.0.1", composed.gateway_port, timeout_s=30)
    running = asyncio.create_task(runs.keep_in_flight(_IN_FLIGHT))
    loading = asyncio.create_task(
        run_open_loop(
            sender,
            mixed_requests(person, runs),
            per_s=_PER_S,
            for_s=_LONGEST_S,
            is_over=lambda: runs.is_over,
        )
    )
    delivering = asyncio.create_task(stripe.deliver())
    await asyncio.sleep(5)
    for service in _SERVICES:
        for number, container in enumerate(await composed.containers(service), start=1):
            before = len(runs.failures)
            stopped_s = await composed.restart(container)
            failed_meanwhile = runs.failures[before:]
            now = time.strftime("%H:%M:%S")
            print(
                f"{now} {service}-{number}: stopped in {stopped_s:.1f} s; failed meanwhile: {failed_meanwhile}"
            )
            await asyncio.sleep(2)
    runs.is_over = True
    measured = await loading
    delivering.cancel()
    await running
    await sender.close()

    ended = [await person.settled(run_id, timeout_s=120) for run_id in runs.run_ids]
    counters = await simulators.counters()
    for one in measured.values():
        print(one.line())
    print(*sender.refused, sep="\n")
    print(f"{len(ended)} runs, streams {dict(runs.streams)}, Stripe {dict(stripe.statuses)}")
    failed = {name: dict(one.statuses) for name, one in measured.items() if set(one.statuses) != {200}}
    assert (runs.failures, failed, set(stripe.statuses)) == ([], {}, {200})
    assert {run["status"] for run in ended} == {"completed"}
    assert {run["credits"]["charged"] for run in ended} == {1}
    starts, calls = (
        counters["apify"]["starts_by_username"],
        counters["openai"]["by_username_and_schema"],
    )
    assert {starts[name] for name in runs.names} == {1}
    assert {count for name in runs.names for count in calls[name].values()} == {1}
    assert json.loads(await composed.oslira("audit", "--json")) == []
