"""The internal HTTP server: liveness, readiness and metrics."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from litestar import Litestar, Response, get
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Check = Callable[[], Awaitable[str]]
_States = Mapping[str, str]
_FRESH_S: Final = 1.0


class Health:
    """Readiness: the `required` checks decide it; every other binding is listed as `ok` or `degraded: why` without effect on it."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.required: dict[str, Check] = {}
        self.others: dict[str, Check] = {}
        self.is_draining = False
        self._clock = clock
        self._looked_at_s = 0.0
        self._look: asyncio.Future[tuple[_States, _States]] | None = None

    async def report(self) -> tuple[bool, dict[str, Any]]:
        """(ready, body). A check returns `ok` or a problem; one that raises or takes over 2 s is a problem.

        Checks run at most once a second for any number of requests: the port may be public, and a check is a query.
        """
        is_old = self._clock() - self._looked_at_s >= _FRESH_S
        if self._look is None or (is_old and self._look.done()):
            self._looked_at_s = self._clock()
            self._look = asyncio.gather(_run(self.required), _run(self.others))
        # Shielded: a caller that stops waiting must not stop it for the others.
        required, found = await asyncio.shield(self._look)
        others = {name: _degraded(state) for name, state in found.items()}
        is_ready = not self.is_draining and all(state == "ok" for state in required.values())
        degraded = any(state != "ok" for state in others.values())
        status = (
            "draining"
            if self.is_draining
            else "unavailable"
            if not is_ready
            else "degraded"
            if degraded
            else "ok"
        )
        return is_ready, {"status": status, "checks": {**required, **others}}


def _degraded(state: str) -> str:
    return state if state == "ok" else f"degraded: {state}"


async def _run(checks: Mapping[str, Check]) -> dict[str, str]:
    async def one(check: Check) -> str:
        try:
            return await asyncio.wait_for(check(), timeout=2)
        except Exception as error:  # noqa: BLE001  # a failing check is an answer
            return f"failing: {type(error).__name__}"

    states = await asyncio.gather(*(one(check) for check in checks.values()))
    return dict(zip(checks, states, strict=True))


def health_routes(health: Health) -> list[Any]:
    """`/health/live` and `/health/ready`, for every port that serves them."""

    @get("/health/live", sync_to_thread=False, include_in_schema=False)
    def live() -> dict[str, str]:
        return {"status": "ok"}

    @get("/health/ready", include_in_schema=False)
    async def ready() -> Response[dict[str, Any]]:
        is_ready, body = await health.report()
        return Response(body, status_code=200 if is_ready else 503)

    return [live, ready]


def internal_app(health: Health, routes: Sequence[Any] = ()) -> Litestar:
    """The server for Kubernetes and Prometheus, and for a service's own `routes` for operators. Not public."""

    @get("/metrics", sync_to_thread=False, include_in_schema=False)
    def metrics() -> Response[bytes]:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return Litestar([*health_routes(health), metrics, *routes], openapi_config=None, logging_config=None)
