"""The analysis service on real servers, with the simulators in place of its providers and this file in place of the gateway."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from oslira_analysis.bootstrap import build
from oslira_analysis.settings import AnalysisSettings
from oslira_devstack.servers.contract import Nats
from oslira_devstack.simulated import Simulators
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.analysis.v1 import RUN
from oslira_shared.contracts.work import WorkHint
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import Pool, open_pool
from oslira_shared.runtime import Runtime

ENDED = {"completed", "failed", "cancelled"}


async def eventually(look: Callable[[], Awaitable[Any]], *, timeout_s: float = 30.0) -> Any:
    """The first truthy answer. Raises TimeoutError."""
    async with asyncio.timeout(timeout_s):
        while not (found := await look()):  # a row changes without an event
            await asyncio.sleep(0.05)
        return found


@dataclass
class World:
    """What surrounds the engine. `gateway` and `analysis` are pools under those services' roles."""

    gateway: Pool
    analysis: Pool
    bus: Bus
    nats: Nats
    simulators: Simulators
    account_id: UUID
    business_profile_id: UUID
    _engines: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start_engine(self) -> Runtime:
        """One more replica."""
        settings = AnalysisSettings()  # pyright: ignore[reportCallIssue]  # from the environment
        return await self._engines.enter_async_context(running_engine(settings))

    async def stop_engines(self) -> None:
        await self._engines.aclose()

    async def accept(
        self, username: str, *, hint: bool = True, account_id: UUID | None = None, price: int = 1
    ) -> UUID:
        """What the gateway does after the hold; without `hint` it dies before it publishes."""
        row = await self.gateway.fetchrow(
            "select * from analysis.accept_run($1, $2, $3, $4, $5, 'light', $6, $7, 'req-test')",
            new_id(),
            account_id or self.account_id,
            new_id(),
            self.business_profile_id,
            username,
            price,
            timedelta(hours=24),
        )
        assert row is not None
        if hint:
            message = WorkHint.of(row["run_id"], row["status"], row["attempt"])
            await self.bus.publish(RUN, message, msg_id=f"{row['run_id']}:queued:0")
        return row["run_id"]

    async def run(self, run_id: UUID) -> dict[str, Any]:
        row = await self.analysis.fetchrow("select * from analysis.runs where id = $1", run_id)
        assert row is not None
        return dict(row)

    async def ended(self, run_id: UUID, *, timeout_s: float = 40.0) -> dict[str, Any]:
        async def look() -> dict[str, Any] | None:
            row = await self.run(run_id)
            return row if row["state"] in ENDED else None

        return await eventually(look, timeout_s=timeout_s)

    async def apify(self) -> dict[str, Any]:
        return (await self.simulators.counters())["apify"]


@asynccontextmanager
async def running_engine(settings: AnalysisSettings) -> AsyncGenerator[Runtime]:
    pool = await open_pool(settings.database_url.get_secret_value(), service="analysis", max_size=10)
    runtime = Runtime(settings, pool)
    await build(runtime, settings)
    living = asyncio.create_task(runtime.live())
    try:
        yield runtime
    finally:
        runtime.stopping.set()
        await living
