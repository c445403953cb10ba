"""The stack as a whole, without the services: they have their own tests, and the end-to-end ones use all of it."""

import asyncio
import socket
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import httpx
import nats
import psutil
import pytest
from oslira_devstack import reaper
from oslira_devstack.credentials import MIGRATOR
from oslira_devstack.datadir import DataDirectory, StackIsRunning
from oslira_devstack.ports import BusyPort
from oslira_devstack.servers.contract import Server
from oslira_devstack.stack import Stack, StackConfig
from oslira_shared.bus.provision import provision_bus

_PARENT = """
import asyncio, sys
from pathlib import Path
from oslira_devstack import reaper
from oslira_devstack.stack import Stack, StackConfig
async def main():
    async with Stack(StackConfig(data_dir=Path(sys.argv[1]), services=())) as stack:
        print(reaper.stack_id(), flush=True)
        await asyncio.sleep(600)
asyncio.run(main())
"""


@pytest.fixture
def data_dir(scratch_dir: Path, request: pytest.FixtureRequest) -> Path:
    return scratch_dir / request.node.name


async def test_everything_answers_inside_and_nothing_runs_after(data_dir: Path) -> None:
    config = StackConfig(data_dir=data_dir, services=(), durable=False)
    async with Stack(config) as stack:
        state = await asyncio.to_thread(DataDirectory(data_dir).read_state)
        assert state is not None
        assert state["simulators_url"] == stack.simulators_url
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"{stack.simulators_url}/_sim/health")).is_success
        connection = await asyncpg.connect(stack.servers.postgres.url("analysis_service"))
        await connection.close()
        with pytest.raises(StackIsRunning):
            await Stack(config).__aenter__()
        ours = [await asyncio.to_thread(process_of, server) for server in stack.servers.all()]
    assert await asyncio.to_thread(DataDirectory(data_dir).read_state) is None
    assert [p for p in ours if p.is_running()] == []


async def test_busy_public_port_is_refused_before_anything_starts(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        before = len(marked())
        with pytest.raises(BusyPort, match=f"port {port} .gateway. .*OSLIRA_PORT"):
            await Stack(StackConfig(data_dir=data_dir, services=(), gateway_port=port)).__aenter__()
        assert len(marked()) == before


async def test_killed_stack_leaves_nothing_and_its_data_is_there_again(data_dir: Path) -> None:
    process, mark = await asyncio.to_thread(other_stack, data_dir)
    family = reaper.marked(mark)
    assert {"nats-server", "postgres", "weed"} <= {p.name() for p in family}
    data = DataDirectory(data_dir)
    state = await asyncio.to_thread(data.read_state)
    assert state is not None
    keys = data.credentials()
    connection = await asyncpg.connect(
        f"postgresql://{MIGRATOR}:{keys.postgres[MIGRATOR]}@127.0.0.1:{state['postgres_port']}/oslira"
    )
    await connection.execute("create table kept ()")
    bus_url = f"nats://scheduler:{keys.nats['scheduler']}@127.0.0.1:{state['nats_port']}"
    client = await nats.connect(bus_url, inbox_prefix="_INBOX_scheduler")
    await provision_bus(client.jetstream())
    await client.close()
    process.kill()
    process.communicate()
    connection.terminate()
    deadline = time.monotonic() + 10
    while reaper.marked(mark) and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
    assert reaper.marked(mark) == []

    async with Stack(StackConfig(data_dir=data_dir, services=())) as stack:
        connection = await asyncpg.connect(stack.servers.postgres.url(MIGRATOR))
        assert await connection.fetchval("select to_regclass('kept') is not null")
        await connection.close()
        client = await nats.connect(stack.servers.nats.url("scheduler"), inbox_prefix="_INBOX_scheduler")
        assert (await client.jetstream().stream_info("EVENTS")).config.name == "EVENTS"
        await client.close()


def other_stack(data_dir: Path) -> tuple["subprocess.Popen[str]", str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(data_dir)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def process_of(server: Server) -> psutil.Process:
    assert server.pid is not None
    return psutil.Process(server.pid)


def marked() -> list[psutil.Process]:
    return reaper.marked(reaper.stack_id())
