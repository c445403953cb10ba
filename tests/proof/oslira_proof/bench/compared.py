"""What Oslira is compared with, on the same servers and with the same outside calls: one process, as a program of its own.

    python -m oslira_proof.bench.compared floor|dbos [FOLDER] < terms.json

`floor`: bare nats-py and asyncpg, one hop over JetStream before each step. `dbos`: a DBOS workflow with the same steps;
FOLDER is where DBOS is installed.
"""

import asyncio
import importlib
import json
import os
import sys
import time
import traceback
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeAlias

import nats
import uvloop
from oslira_shared.postgres.clients import open_pool

from oslira_proof.bench.design import TABLES, Design
from oslira_proof.bench.runs import Latencies
from oslira_proof.bench.suppliers import Addresses, Suppliers

_ACCOUNTS: Final = 50
_WORKERS: Final = 64
_STEPS: Final = ("scrape", "score", "settle")
Start: TypeAlias = Callable[[str, int, str], Awaitable[Awaitable[None]]]


@dataclass(frozen=True, slots=True)
class Terms:
    """`database_url`: of a role that may create schemas and databases. `levels`: (in flight, runs)."""

    database_url: str
    nats_url: str
    addresses: dict[str, str]
    levels: list[tuple[int, int]]


async def _measure(start: Start, *, in_flight: int, count: int) -> dict[str, float]:
    """Closed loop, as RunLoad: `start` accepts a run and returns what waits for its end."""
    found, numbers = Latencies(), iter(range(count))

    async def send() -> None:
        for number in numbers:
            due = time.perf_counter()
            end = await start(str(uuid.uuid4()), number % _ACCOUNTS, f"bench.{uuid.uuid4().hex[:16]}")
            found.accept_s.append(time.perf_counter() - due)
            await end
            found.run_s.append(time.perf_counter() - due)

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(send())
    found.took_s = time.perf_counter() - started
    return found.summary()


async def _measure_all(terms: Terms, start: Start) -> dict[str, dict[str, float]]:
    await _measure(start, in_flight=5, count=20)  # pools, caches and connections fill before anything counts
    return {str(n): await _measure(start, in_flight=n, count=count) for n, count in terms.levels}


async def _design(terms: Terms) -> Design:
    pool = await open_pool(terms.database_url, service="bench", max_size=12)
    async with pool.acquire() as connection:
        await connection.execute(TABLES)
    return Design(pool, Suppliers(Addresses(**terms.addresses)))


async def floor(terms: Terms) -> dict[str, dict[str, float]]:
    """Each step publishes the next one's message, and acks its own."""
    design = await _design(terms)
    client = await nats.connect(terms.nats_url)
    stream = client.jetstream()
    await stream.add_stream(name="FLOOR", subjects=["floor.>"])
    ends: dict[str, asyncio.Event] = {}
    places, tasks = asyncio.Semaphore(_WORKERS), set[asyncio.Task[None]]()

    async def step(name: str, run: dict[str, Any]) -> None:
        run_id, account, username = run["run_id"], run["account"], run["username"]
        if name == "scrape":
            item = await design.scrape(run_id, username)
            await stream.publish("floor.score", json.dumps({**run, "item": item}).encode())
        elif name == "score":
            await design.score(run_id, account, username, run.pop("item"))
            await stream.publish("floor.settle", json.dumps(run).encode())
            ends.pop(run_id).set()
        else:
            await design.settle(run_id)

    async def handle(name: str, message: Any) -> None:
        async with places:
            try:
                await message.ack()
                await step(name, json.loads(message.data))
            except Exception:  # noqa: BLE001  # a comparison in which one run failed says nothing
                traceback.print_exc()
                os._exit(1)

    async def consume(name: str) -> None:
        async def take(message: Any) -> None:
            task = asyncio.create_task(handle(name, message))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        await stream.subscribe(f"floor.{name}", durable=name, cb=take, manual_ack=True)

    async def start(run_id: str, account: int, username: str) -> Awaitable[None]:
        ends[run_id] = ended = asyncio.Event()
        await design.accept(run_id, account, username)
        run = {"run_id": run_id, "account": account, "username": username}
        await stream.publish("floor.scrape", json.dumps(run).encode(), headers={"Nats-Msg-Id": run_id})
        return _until(ended)

    for name in _STEPS:
        await consume(name)
    found = await _measure_all(terms, start)
    await asyncio.gather(*tasks)
    await client.close()
    return found


async def _until(ended: asyncio.Event) -> None:
    await ended.wait()


async def dbos(terms: Terms) -> dict[str, dict[str, float]]:
    """One workflow a run, its steps those of the design; DBOS records each in Postgres."""
    module: Any = importlib.import_module("dbos")
    framework: Any = module.DBOS
    system = terms.database_url.rsplit("/", 1)[0] + "/bench_dbos"
    framework(config={"name": "bench", "system_database_url": system, "log_level": "ERROR"})
    design = await _design(terms)

    @framework.step()
    async def scrape(run_id: str, username: str) -> dict[str, Any]:
        return await design.scrape(run_id, username)

    @framework.step()
    async def score(run_id: str, account: int, username: str, item: dict[str, Any]) -> None:
        await design.score(run_id, account, username, item)

    @framework.step()
    async def settle(run_id: str) -> None:
        await design.settle(run_id)

    @framework.workflow()
    async def run(run_id: str, account: int, username: str) -> None:
        item = await scrape(run_id, username)
        await score(run_id, account, username, item)
        await settle(run_id)

    async def start(run_id: str, account: int, username: str) -> Awaitable[None]:
        await design.accept(run_id, account, username)
        with module.SetWorkflowID(run_id):
            handle = await framework.start_workflow_async(run, run_id, account, username)
        return handle.get_result()

    framework.launch()
    try:
        return await _measure_all(terms, start)
    finally:
        framework.destroy()


def main() -> None:
    """Prints the figures by level as JSON."""
    terms = Terms(**json.load(sys.stdin))
    sys.path.append(sys.argv[2])  # last: what our environment has comes first
    # DBOS brings its own event loop, and asyncio's is what it is tested with.
    if sys.argv[1] == "floor":
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            found = runner.run(floor(terms))
    else:
        found = asyncio.run(dbos(terms))
    print(json.dumps(found))


def terms_json(terms: Terms) -> bytes:
    """For this program's standard input."""
    return json.dumps(asdict(terms)).encode()


if __name__ == "__main__":
    main()
