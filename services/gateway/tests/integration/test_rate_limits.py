"""One budget for all replicas: two applications count on one real server."""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from oslira_devstack.servers.contract import Nats
from oslira_gateway.identity.caller import Member
from oslira_gateway.limits.jetstream import JetStreamCounters
from oslira_gateway.limits.ports import CountersUnavailable
from oslira_shared.bus.connection import Bus
from oslira_shared.bus.topology import LIMITS_BUCKET, STREAMS
from oslira_shared.ids import new_id


@pytest_asyncio.fixture
async def buses(nats_server: Nats) -> AsyncGenerator[list[Bus]]:
    """Two replicas' connections to a server that counts."""
    owner = Bus(nats_server.url("scheduler"), service="scheduler")
    replicas = [Bus(nats_server.url("gateway"), service="gateway") for _ in range(2)]
    for bus in (owner, *replicas):
        await bus.start()
    async with asyncio.timeout(10):
        while not all(bus.is_connected for bus in (owner, *replicas)):
            await asyncio.sleep(0.01)
    await owner.jetstream.add_stream(next(s for s in STREAMS if s.name == f"KV_{LIMITS_BUCKET}"))
    yield replicas
    for bus in (owner, *replicas):
        await bus.stop()


async def passed(api: Any, buses: list[Bus], headers: dict[str, str], *, requests: int) -> Counter[int]:
    """Statuses of so many concurrent requests, shared between two replicas."""
    async with (
        replica(api, JetStreamCounters(buses[0])) as one,
        replica(api, JetStreamCounters(buses[1])) as two,
    ):
        answers = await asyncio.gather(
            *(client.get("/v1/me", headers=headers) for client in [one, two] * (requests // 2))
        )
    return Counter(answer.status_code for answer in answers)


def replica(api: Any, counters: JetStreamCounters) -> httpx.AsyncClient:
    api.counters = counters
    transport = httpx.ASGITransport(api.app)
    return httpx.AsyncClient(transport=transport, base_url="http://gateway")


async def test_two_replicas_let_exactly_the_limit_pass(api: Any, member: Member, buses: list[Bus]) -> None:
    # An hour: its end would have to fall into this second for the budget to begin anew meanwhile.
    api.rate_limits = "*.*=100000/60, read.user=25/3600"
    assert await passed(api, buses, api.join(member), requests=100) == {200: 25, 429: 75}


async def test_concurrent_counts_are_all_different(buses: list[Bus]) -> None:
    counters, key = [JetStreamCounters(bus) for bus in buses], f"read.user.{new_id().hex}.1"
    totals = await asyncio.gather(*(counter.add([key, f"{key}0"]) for counter in counters * 50))
    assert sorted(first for first, _ in totals) == list(range(1, 101))


async def test_a_server_that_does_not_count_is_away_and_costs_little(own_nats: Nats) -> None:
    bus = Bus(own_nats.url("gateway"), service="gateway")
    counters = JetStreamCounters(bus)
    with pytest.raises(CountersUnavailable):  # not connected
        await counters.add(["a"])
    await bus.start()
    async with asyncio.timeout(10):
        while not bus.is_connected:
            await asyncio.sleep(0.01)
    started = time.monotonic()
    for _ in range(20):
        with pytest.raises(CountersUnavailable):  # no such stream
            await counters.add(["a"])
    assert time.monotonic() - started < 0.5
    await bus.stop()


@pytest.mark.campaign
async def test_counting_adds_less_than_a_few_milliseconds(buses: list[Bus]) -> None:
    counters = JetStreamCounters(buses[0])
    took_ms = list[float]()
    for number in range(2_000):
        started = time.perf_counter()
        await counters.add([f"read.{scope}.{number % 50:032x}.1" for scope in ("account", "user", "address")])
        took_ms.append((time.perf_counter() - started) * 1000)
    cuts = statistics.quantiles(took_ms, n=100)
    print(f"counting three budgets: p50 {cuts[49]:.2f} ms, p99 {cuts[98]:.2f} ms")  # noqa: T201
    assert cuts[49] < 25  # far above what it takes, for a machine that is busy with other things
