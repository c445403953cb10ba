"""NATS is up and no stream can store: runs end and are settled anyway, and readiness says what the server says."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import nats
from oslira_devstack.simulated import connect_simulators
from oslira_devstack.stack import Stack
from oslira_shared.bus.topology import STREAMS
from people import differences, eventually, person


@asynccontextmanager
async def no_stream_stores(stack: Stack) -> AsyncGenerator[None]:
    """Every stream rejects every message, as one on a full volume does. The scheduler, which would repair it, stands still."""
    scheduler = stack.supervisor.processes["scheduler"].child.pid
    assert scheduler is not None
    os.kill(scheduler, signal.SIGSTOP)
    connection = await nats.connect(stack.servers.nats.url("tester"))
    jetstream = connection.jetstream()
    found = [(await jetstream.stream_info(str(one.name))).config for one in STREAMS]
    try:
        for one in found:
            is_queue = one.discard == "new"
            await jetstream.update_stream(
                one.evolve(**({"max_bytes": 1} if is_queue else {"max_msg_size": 1}))
            )
        yield
    finally:
        for one in found:
            await jetstream.update_stream(one)
        await connection.close()
        os.kill(scheduler, signal.SIGCONT)


async def bus_of(stack: Stack, process: str) -> str:
    """The check `bus` of its readiness, which is 200 all the time."""
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(stack.supervisor.processes[process].ready_urls[0])
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body["checks"]["bus"]


async def test_runs_end_and_are_settled_while_no_stream_stores(own_stack: Stack) -> None:
    async with person(own_stack, available_credits=100) as user:
        names = [f"no.store.{number}" for number in range(6)]
        async with no_stream_stores(own_stack):
            accepted = [(await user.analyze(name))[1]["run_id"] for name in names]
            bulk = await user.client.make_bulk(
                ["no.store.bulk.1", "no.store.bulk.2"], business_profile_id=user.who.business_profile_id
            )
            ended = await asyncio.gather(*(user.settled(run_id, timeout_s=60) for run_id in accepted))
            assert [run["status"] for run in ended] == ["completed"] * len(names)
            assert {run["credits"]["charged"] for run in ended} == {1}

            async def is_settled() -> bool:
                found = await user.client.read_bulk(bulk["bulk_id"])
                return found["status"] == "completed" and not found["credits"]["held"]

            await eventually(is_settled, timeout_s=60)
            state = await bus_of(own_stack, "analysis")
            assert state.startswith("degraded: cannot store: ")
            assert "ANALYSIS: " in state
            assert "maximum bytes exceeded" in state
            assert "maximum bytes exceeded" in await bus_of(own_stack, "gateway")
        async with connect_simulators(own_stack.simulators_url) as simulators:
            starts = (await simulators.counters())["apify"]["starts_by_username"]
        assert {name: starts.get(name) for name in names} == dict.fromkeys(names, 1)
        again = await user.settled((await user.analyze("stored.again"))[1]["run_id"])
        assert again["status"] == "completed"

        async def stores() -> bool:
            return await bus_of(own_stack, "analysis") == "ok"

        await eventually(stores, timeout_s=90)
    assert await differences(own_stack) == []
