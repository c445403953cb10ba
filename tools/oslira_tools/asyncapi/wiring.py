"""The operations of each service, from its own bootstrap, without connections."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import Any, Final

import oslira_analysis.bootstrap
import oslira_billing.bootstrap
import oslira_credits.bootstrap
import oslira_gateway.bootstrap
import oslira_gateway.webhooks.bootstrap
import oslira_scheduler.bootstrap
from oslira_analysis.settings import AnalysisSettings
from oslira_billing.settings import BillingSettings
from oslira_credits.settings import CreditsSettings
from oslira_gateway.settings import GatewaySettings
from oslira_gateway.webhooks.settings import SenderSettings
from oslira_scheduler.settings import SchedulerSettings
from oslira_shared.bus.subscription import Subscription
from oslira_shared.runtime import Runtime
from oslira_shared.settings import Env, ServiceSettings

_NOWHERE: Final = "127.0.0.1:1"
_SETTINGS: Final[Mapping[str, Any]] = {
    "OSLIRA_ENV": Env.DEVELOPMENT,
    "NATS_URL": f"nats://{_NOWHERE}",
    "DATABASE_URL": f"postgres://{_NOWHERE}/nothing",
    "JWT_SECRET": "x" * 32,
    "S3_BUCKET": "nowhere",
    "S3_ENDPOINT_URL": f"http://{_NOWHERE}",
    "STRIPE_SECRET_KEY": "x",
    "STRIPE_WEBHOOK_SECRET": "x",
}
Build = Callable[[Runtime, Any], Awaitable[None]]
# All processes; two of them are the gateway's.
_PROCESSES: Final[Sequence[tuple[type[ServiceSettings], Build]]] = (
    (AnalysisSettings, oslira_analysis.bootstrap.build),
    (BillingSettings, oslira_billing.bootstrap.build),
    (CreditsSettings, oslira_credits.bootstrap.build),
    (GatewaySettings, oslira_gateway.bootstrap.build),
    (SenderSettings, oslira_gateway.webhooks.bootstrap.build),
    (SchedulerSettings, oslira_scheduler.bootstrap.build),
)


async def subscriptions_of_services() -> dict[str, list[Subscription]]:
    """By service."""
    found: dict[str, list[Subscription]] = {}
    for kind, build in _PROCESSES:
        found.setdefault(kind.service, []).extend(await _wired(kind, build))
    return found


async def _wired(kind: type[ServiceSettings], build: Build) -> list[Subscription]:
    before = asyncio.all_tasks()
    settings = kind.model_validate(_SETTINGS)
    database: Any = _NoDatabase()
    runtime = Runtime(settings, database)
    await build(runtime, settings)
    runtime.stopping.set()
    await asyncio.gather(*(asyncio.all_tasks() - before))
    return runtime.bus.subscriptions


class _NoDatabase:
    """A pool for wiring only: two services seed their tables before they declare their operations."""

    @asynccontextmanager
    async def acquire(self) -> AsyncGenerator["_NoConnection"]:
        yield _NoConnection()


class _NoConnection:
    def transaction(self) -> nullcontext[None]:
        return nullcontext()

    async def execute(self, *_: object) -> None:
        pass

    async def executemany(self, *_: object) -> None:
        pass
