"""NATS loses all it has while somebody watches a run: the terminal event comes all the same, on that very connection."""

import asyncio
import json
import time
from typing import Any
from uuid import UUID

from oslira_client import ENDED

from oslira_proof.people import Person, differences
from oslira_proof.promises.finding import Finding
from oslira_proof.promises.stage import Stage

# Streams look into Postgres this often when the bus says nothing.
PROMISED_S = 10.0
_LONGEST_S = 90.0


async def measure_wipe(on: Stage, user: Person, name: str) -> Finding:
    """Stops, wipes and starts the broker; only the scheduler provisions it."""
    _, accepted = await user.analyze(name)
    first = asyncio.Event()
    watching = asyncio.create_task(_terminal_event(user, accepted["events_url"], first))
    await asyncio.wait_for(first.wait(), 20)
    nats = on.stack.servers.nats
    await nats.stop()
    await nats.wipe()
    await nats.start()
    last, seen_s = await watching
    finished_s = await on.analysis.fetchval(
        "select extract(epoch from finished_at)::float8 from analysis.runs where id = $1",
        UUID(accepted["run_id"]),
    )
    run = await user.settled(accepted["run_id"])
    unsettled = await differences(on.stack)
    late_s = seen_s - finished_s
    return Finding(
        "NATS wiped while an event stream is open: the terminal event, after the run's end",
        f"it comes, within {PROMISED_S:.0f} s",
        f"{last['status']} after {late_s:.1f} s; charged {run['credits']['charged']}, {len(unsettled)} differences",
        last["status"] == run["status"] == "completed" and late_s <= PROMISED_S and not unsettled,
        {"late_s": late_s},
    )


async def _terminal_event(user: Person, url: str, first: asyncio.Event) -> tuple[dict[str, Any], float]:
    """(the event, when it came). One connection: who has to come again doesn't count."""
    async with (
        asyncio.timeout(_LONGEST_S),
        user.client.http.stream("GET", url, timeout=_LONGEST_S) as answer,
    ):
        answer.raise_for_status()
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "data":
                first.set()
                if (snapshot := json.loads(value))["status"] in ENDED:
                    return snapshot, time.time()
    raise ConnectionError("the stream ended without a terminal event")
