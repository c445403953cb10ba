"""A NATS cluster of three: one volume is full, then two. Nothing is lost, and a minute after there is space all is as before."""

import asyncio
import time
from pathlib import Path

import httpx
import pytest
from nats_cluster import NatsCluster
from oslira_devstack.servers.choose import ServerFactory
from oslira_devstack.servers.contract import Servers
from oslira_devstack.stack import Stack, StackConfig
from people import differences, eventually, person

_RECOVERED_WITHIN_S = 60.0


class ClusterStack(Stack):
    """The whole system on a cluster."""

    cluster: NatsCluster

    async def _start_servers(self) -> Servers:
        factory = ServerFactory(
            self.data.path, logs=self.data.logs, credentials=self.credentials, durable=False
        )
        self.cluster = NatsCluster(self.data.path / "cluster", self.credentials)
        servers = Servers(nats=self.cluster, postgres=factory.postgres(), s3=factory.s3())
        self._undo.push_async_callback(self._stop_servers, servers)
        await asyncio.gather(*(server.start() for server in servers.all()))
        return servers


async def whole(stack: Stack) -> bool:
    """Whether every process has its bus and its consumers, and every stream it used stores."""
    async with httpx.AsyncClient(trust_env=False) as http:
        for name, process in stack.supervisor.processes.items():
            if name == "simulators":
                continue
            checks = (await http.get(process.ready_urls[0])).json()["checks"]
            if checks["bus"] != "ok":
                return False
    return True


@pytest.mark.campaign
@pytest.mark.timeout(600)
async def test_nothing_is_lost_while_volumes_are_full(scratch_dir: Path) -> None:
    config = StackConfig(
        data_dir=scratch_dir / "cluster",
        speed=20.0,
        durable=False,
        extra_environment={"scheduler": {"NATS_STREAM_REPLICAS": "3"}},
    )
    async with ClusterStack(config) as stack, person(stack, available_credits=1_000) as user:
        runs: list[str] = []

        async def order(phase: str, count: int) -> None:
            for number in range(count):
                runs.append((await user.analyze(f"{phase}.{number}"))[1]["run_id"])
                await asyncio.sleep(0.2)

        async def all_ended(*, timeout_s: float) -> None:
            ended = await asyncio.gather(*(user.settled(run_id, timeout_s=timeout_s) for run_id in runs))
            assert {run["status"] for run in ended} == {"completed"}
            assert {run["credits"]["charged"] for run in ended} == {1}

        await order("healthy", 10)
        await all_ended(timeout_s=60)
        await asyncio.to_thread(stack.cluster.fill, 0)
        await order("one.full", 20)
        await all_ended(timeout_s=60)
        await asyncio.to_thread(stack.cluster.fill, 1)
        await order("two.full", 30)
        started = time.monotonic()
        await all_ended(timeout_s=120)
        print(f"no quorum: all ended {time.monotonic() - started:.1f} s after the last order")  # noqa: T201
        for number in (0, 1):
            stack.cluster.free(number)
        freed = time.monotonic()
        await eventually(lambda: whole(stack), timeout_s=180)
        await order("space.again", 5)
        await all_ended(timeout_s=60)
        assert await whole(stack)
        took_s = time.monotonic() - freed
        restarts = stack.cluster.restarts
        print(f"recovered {took_s:.1f} s after there was space, after {restarts} restarts")  # noqa: T201
        assert took_s <= _RECOVERED_WITHIN_S
        assert await differences(stack) == []
