"""The analysis service on real servers, with the simulators in place of its providers and this file in place of the gateway."""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from oslira_analysis.bootstrap import build, utc_now
from oslira_analysis.settings import AnalysisSettings
from oslira_devstack.servers.contract import Nats
from oslira_devstack.simulated import Simulators
from oslira_proof.promises.killed_engine import EngineProcess
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.analysis.v1 import RUN
from oslira_shared.contracts.work import WorkHint
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import Pool, open_pool
from oslira_shared.runtime import Runtime

ENDED = {"completed", "failed", "cancelled"}
_DUE_NOW = "update analysis.{} set not_before = now() where not_before > now()"
# What 0.1 s leave of a second.
_AGE = """
    update analysis.{} set snoozed_since = snoozed_since - interval '0.9 seconds',
           not_before = not_before - interval '0.9 seconds', due_at = due_at - interval '0.9 seconds'
     where snoozed_since is not null and not_before > now()
"""
_AGE_OUTAGES = (
    "update analysis.outages set down_until = down_until - interval '0.9 seconds' where down_until > now()"
)


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
    _processes: list[EngineProcess] = field(default_factory=list[EngineProcess])

    async def start_engine(self, *, now: Callable[[], datetime] = utc_now) -> Runtime:
        """One more replica. `now` is its clock for dates."""
        settings = AnalysisSettings()  # pyright: ignore[reportCallIssue]  # from the environment
        return await self._engines.enter_async_context(running_engine(settings, now=now))

    async def stop_engines(self) -> None:
        for process in self._processes:
            process.kill()
        await self._engines.aclose()

    def start_process(self, *, kill_at: int | str = 0) -> EngineProcess:
        """One more replica, that can be killed: by itself, at a touch of anything outside."""
        process = EngineProcess(os.environ, kill_at=kill_at)
        self._processes.append(process)
        return process

    async def lapse_leases(self) -> None:
        """What a dead engine held is free at once, as it would be some seconds later."""
        # Nor is it waited for that a start's answer can't come any more.
        await self.analysis.execute(
            "update analysis.scrapes set intent_at = intent_at - interval '60 seconds' where actor_run_id is null"
        )
        for table in ("runs", "scrapes"):
            await self.analysis.execute(
                f"""update analysis.{table} set lease_until = now(), not_before = null,
                      due_at = case when due_at is null then null else now() end
                    where lease_until is not null or due_at is not null"""
            )

    @asynccontextmanager
    async def hurry(self) -> AsyncGenerator[None]:
        """All retries are due now; leases and wait limits are unchanged."""
        async with self._repeating(*(_DUE_NOW.format(table) for table in ("runs", "scrapes"))):
            yield

    @asynccontextmanager
    async def fast_forward(self) -> AsyncGenerator[None]:
        """Snoozed work and reported outages live ten times as fast; requests, probes and leases don't."""
        statements = (*(_AGE.format(table) for table in ("runs", "scrapes")), _AGE_OUTAGES)
        async with self._repeating(*statements):
            yield

    @asynccontextmanager
    async def _repeating(self, *statements: str) -> AsyncGenerator[None]:
        """Execute them every 0.1 s."""

        async def repeat() -> None:
            while True:
                for statement in statements:
                    await self.analysis.execute(statement)
                await asyncio.sleep(0.1)

        repeating = asyncio.create_task(repeat())
        try:
            yield
        finally:
            repeating.cancel()

    async def accept(
        self,
        username: str,
        *,
        hint: bool = True,
        account_id: UUID | None = None,
        price: int = 1,
        kind: str = "light",
        owner: tuple[UUID, UUID] | None = None,
        max_age_s: int = 24 * 3600,
    ) -> UUID:
        """What the gateway does after the hold; without `hint` it dies before it publishes."""
        row = await self.gateway.fetchrow(
            "select * from analysis.accept_run($1, $2, $3, $4, $5, $8, $6, $7, 'req-test')",
            new_id(),
            owner[0] if owner else account_id or self.account_id,
            new_id(),
            owner[1] if owner else self.business_profile_id,
            username,
            price,
            timedelta(seconds=max_age_s),
            kind,
        )
        assert row is not None
        if hint:
            message = WorkHint.of(row["run_id"], row["status"], row["attempt"])
            await self.bus.publish(RUN, message, msg_id=f"{row['run_id']}:queued:0")
        return row["run_id"]

    async def another_account(self) -> tuple[UUID, UUID]:
        """(account id, its business profile's id)."""
        account_id, business_profile_id = new_id(), new_id()
        await self.gateway.execute(
            "insert into identity.accounts (id, name) values ($1, 'Other')", account_id
        )
        await self.gateway.execute(
            "insert into identity.business_profiles (id, account_id, name, context) values ($1, $2, 'Other', $3)",
            business_profile_id,
            account_id,
            {"name": "Test", "industry": "travel", "offer": "trips"},
        )
        return account_id, business_profile_id

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
async def running_engine(
    settings: AnalysisSettings, *, now: Callable[[], datetime] = utc_now
) -> AsyncGenerator[Runtime]:
    pool = await open_pool(settings.database_url.get_secret_value(), service="analysis", max_size=10)
    runtime = Runtime(settings, pool)
    await build(runtime, settings, now=now)
    living = asyncio.create_task(runtime.live())
    try:
        yield runtime
    finally:
        runtime.stopping.set()
        await living
