"""Postgres is unavailable for longer than a lease, for two replicas at once: work in memory is not started a second time."""

import asyncio
import os
from collections.abc import AsyncGenerator
from urllib.parse import urlsplit, urlunsplit

import pytest
import pytest_asyncio
from analysis_world import World
from oslira_devstack.tcp_proxy import TcpProxy

RUNS = 8
# Leases are for 10 s.
AWAY_S = 13


@pytest_asyncio.fixture
async def line(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[TcpProxy]:
    """The engines' line to Postgres. The test has its own."""
    address = urlsplit(os.environ["DATABASE_URL"])
    assert address.port is not None
    async with TcpProxy(address.port) as proxy:
        login = address.netloc.rsplit("@", 1)[0]
        monkeypatch.setenv(
            "DATABASE_URL", urlunsplit(address._replace(netloc=f"{login}@127.0.0.1:{proxy.port}"))
        )
        yield proxy
        await proxy.set_mode("pass")
        await world.stop_engines()


@pytest.mark.campaign
@pytest.mark.parametrize("mode", ["refuse", "hang"])
async def test_two_replicas_pay_for_each_call_once_although_postgres_is_away(
    world: World, line: TcpProxy, mode: str
) -> None:
    await world.simulators.add_fault("openai", "slow", delay_s=3)
    for _ in range(2):
        await world.start_engine()
    runs = [
        await world.accept(f"away.{number}", kind="deep", owner=await world.another_account())
        for number in range(RUNS)
    ]
    async with asyncio.timeout(30):
        while await world.analysis.fetchval(
            "select count(*) < $1 from analysis.ai_usage_logs", 3 * RUNS // 2
        ):
            await asyncio.sleep(0.05)
    await line.set_mode("refuse" if mode == "refuse" else "hang")
    await asyncio.sleep(AWAY_S)
    await line.set_mode("pass")
    for run_id in runs:
        assert (await world.ended(run_id, timeout_s=90))["state"] == "completed"
    counters = (await world.simulators.counters())["openai"]
    paid = [
        count
        for number in range(RUNS)
        for count in counters["by_username_and_schema"][f"away.{number}"].values()
    ]
    assert (len(paid), sum(paid)) == (3 * RUNS, 3 * RUNS)
    assert set((await world.apify())["starts_by_username"].values()) == {1}
