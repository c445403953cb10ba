"""A service's life: loops that survive their errors, an orderly stop, and real processes that stop on request."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import structlog
from oslira_credits.settings import CreditsSettings
from oslira_devstack.child import Child
from oslira_devstack.databases import Database
from oslira_devstack.ports import free_port
from oslira_devstack.readiness import wait_ready
from oslira_devstack.servers.contract import Nats
from oslira_shared.observability import metrics
from oslira_shared.postgres.clients import open_pool
from oslira_shared.runtime import Runtime


def _environment(service: str, server: Nats, database: Database, port: int) -> dict[str, str]:
    return {
        "OSLIRA_ENV": "development",
        "NATS_URL": server.url(service),
        "DATABASE_URL": database.url(f"{service}_service"),
        "OSLIRA_INTERNAL_HOST": "127.0.0.1",
        "OSLIRA_INTERNAL_PORT": str(port),
    }


@pytest_asyncio.fixture
async def runtime(nats_server: Nats, module_database: Database) -> AsyncGenerator[Runtime]:
    environment = _environment("credits", nats_server, module_database, free_port())
    settings = CreditsSettings.model_validate(environment)
    pool = await open_pool(environment["DATABASE_URL"], service="credits", min_size=1)
    runtime = Runtime(settings, pool)
    yield runtime
    await pool.close()


async def test_a_loop_that_raises_goes_on_and_is_counted(runtime: Runtime) -> None:
    turns, others = [0], [0]
    counted = metrics.LOOP_FAILURES.labels("raising")

    async def raising() -> None:
        turns[0] += 1
        raise ZeroDivisionError

    async def steady() -> None:
        others[0] += 1

    runtime.every(0.01, "raising", raising)
    runtime.every(0.01, "steady", steady)
    living = asyncio.create_task(runtime.live())
    async with asyncio.timeout(10):
        while turns[0] < 3 or others[0] < 3:
            await asyncio.sleep(0.01)
    runtime.stopping.set()
    await living
    assert counted._value.get() == turns[0]


async def test_a_loop_logs_an_unavailable_server_in_one_line_without_a_traceback(runtime: Runtime) -> None:
    async def without_database() -> None:
        runtime.stopping.set()
        raise ConnectionRefusedError("postgres")

    runtime.every(60, "without-database", without_database)
    with structlog.testing.capture_logs() as lines:
        await runtime.live()
    found = [line for line in lines if line.get("loop") == "without-database"]
    assert found == [
        {
            "event": "loop_unavailable",
            "log_level": "warning",
            "loop": "without-database",
            "reason": "ConnectionRefusedError: postgres",
        }
    ]


async def test_it_stops_in_order_and_a_close_that_fails_holds_up_no_other(runtime: Runtime) -> None:
    order: list[str] = []

    async def close_first() -> None:
        order.append(f"first declared, bus connected: {runtime.bus.is_connected}")

    async def close_last() -> None:
        order.append(f"last declared, draining: {runtime.health.is_draining}")
        raise ZeroDivisionError

    async def finish_work() -> None:
        order.append(f"work finished, bus connected: {runtime.bus.is_connected}")

    async def turn() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            order.append("loop")
            raise

    runtime.on_drain(finish_work)
    runtime.on_stop(close_first)
    runtime.on_stop(close_last)
    runtime.every(1, "turn", turn)
    living = asyncio.create_task(runtime.live())
    async with asyncio.timeout(5):
        while not runtime.bus.is_connected:  # the client has no event for it
            await asyncio.sleep(0.02)
    runtime.stopping.set()
    await living
    # Work finishes under its leases: the loop that keeps them is the last to go before the bus.
    assert order == [
        "work finished, bus connected: True",
        "loop",
        "last declared, draining: True",
        "first declared, bus connected: False",
    ]
    assert runtime.database.is_closing()


async def test_a_public_server_answers_what_it_has_and_sends_callers_elsewhere(runtime: Runtime) -> None:
    port, entered = free_port(), asyncio.Event()

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == "/slow":
            entered.set()
            await asyncio.sleep(0.6)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    runtime.serve(app, host="127.0.0.1", port=port)
    runtime.settings.drain_delay_s = 0.3
    living = asyncio.create_task(runtime.live())
    url, internal = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{runtime.settings.internal_port}"
    async with httpx.AsyncClient(trust_env=False, transport=httpx.AsyncHTTPTransport(retries=50)) as http:
        assert "connection" not in (await http.get(url)).headers
        slow = asyncio.create_task(http.get(f"{url}/slow"))
        await entered.wait()
        runtime.stopping.set()
        await asyncio.sleep(0.05)
        assert (await http.get(f"{internal}/health/ready")).json()["status"] == "draining"
        late = await http.get(url)  # on a connection of before, or a new one: no client was notified yet
        assert (late.status_code, late.headers["connection"]) == (200, "close")
        answered = await slow
        assert (answered.status_code, answered.headers["connection"]) == (200, "close")
        await living
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)


def _process(service: str, environment: dict[str, str], log: Path) -> Child:
    command = [sys.executable, "-m", f"oslira_{service}"]
    return Child(service, command, {"PATH": os.environ["PATH"], **environment}, log)


@pytest.mark.parametrize(("service", "by"), [("scheduler", signal.SIGTERM), ("credits", signal.SIGINT)])
async def test_a_service_process_is_ready_soon_and_ends_with_0_when_asked_to(
    nats_server: Nats, module_database: Database, tmp_path: Path, service: str, by: signal.Signals
) -> None:
    port = free_port()
    child = _process(service, _environment(service, nats_server, module_database, port), tmp_path / "log")

    async def is_ready() -> bool:
        try:
            return (await http.get(f"http://127.0.0.1:{port}/health/ready")).is_success
        except httpx.HTTPError:
            return False

    async with httpx.AsyncClient(trust_env=False) as http:
        try:
            child.start()
            await wait_ready(child, is_ready)
            asked = time.monotonic()
            await child.stop(by=by)
            assert time.monotonic() - asked < 5
            assert child.exit_code == 0, child.last_lines()
        finally:
            await child.kill()


async def test_a_port_in_use_ends_the_process_and_is_named(
    nats_server: Nats, module_database: Database, tmp_path: Path
) -> None:
    port = free_port()
    async with await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", port):
        environment = _environment("credits", nats_server, module_database, port)
        child = _process("credits", environment, tmp_path / "log")
        child.start()
        try:
            async with asyncio.timeout(30):
                while child.is_running:
                    await asyncio.sleep(0.05)
        finally:
            await child.kill()
    assert child.exit_code not in (0, None)
    lines = child.last_lines(200)
    assert "address already in use" in lines
    (said,) = (json.loads(line) for line in lines.splitlines() if '"cannot_listen"' in line)
    assert (said["host"], said["port"]) == ("127.0.0.1", port)
