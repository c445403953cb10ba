"""The life of a service process: start what it needs, keep its loops running, stop in order.

The order of a stop: readiness fails; public servers finish their requests and accept no more; pulling stops; work is finished
or released, under its leases and with the bus still connected; loops, the bus and pools close.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, NoReturn, TypeVar

import asyncpg
import structlog
import uvicorn
import uvloop

from oslira_shared.bus.connection import Bus
from oslira_shared.deadline import BlockingCalls, DeadlineExceeded, within
from oslira_shared.ending import end_all
from oslira_shared.observability import logs, metrics
from oslira_shared.observability.health import Health, internal_app
from oslira_shared.observability.process import measure_process
from oslira_shared.observability.sentry import is_passing
from oslira_shared.observability.server_words import server_words
from oslira_shared.postgres.clients import Pool, database_state, open_pool
from oslira_shared.postgres.identity import WrongRole, require_own_role
from oslira_shared.postgres.refusals import connection_fault
from oslira_shared.serving import closing_when_draining, http_server
from oslira_shared.settings import EX_CONFIG, Env, ServiceSettings

_LOG = structlog.get_logger()
_RETRY_DATABASE_S: Final = 1.0
_MEASURE_EVERY_S: Final = 1.0
_SEND_SPANS_S: Final = 5.0
_CLOSE_DATABASE_S: Final = 20.0
# No request has a longer limit (the gateway's OSLIRA_REQUEST_TIMEOUT_S); event streams end when we stop.
_FINISH_REQUESTS_S: Final = 30
SettingsT = TypeVar("SettingsT", bound=ServiceSettings)


class Runtime:
    """What `bootstrap.build` wires a service with. Subscriptions are declared on it, and the bus starts after the wiring."""

    def __init__(self, settings: ServiceSettings, database: Pool) -> None:
        self.settings = settings
        self.database = database
        self.health = Health()
        self.stopping = asyncio.Event()
        self.refusal: str | None = None
        self.bus = Bus(
            settings.nats_url.get_secret_value(),
            service=settings.service,
            patience_s=settings.rpc_patience_s,
            login=settings.bus_login,
            must_be_limited=settings.env is not Env.DEVELOPMENT,
            on_closed=self._bus_closed,
            on_refused=self._bus_refused,
        )
        self._loops: list[tuple[float, str, Callable[[], Awaitable[Any]]]] = []
        self._once: list[tuple[str, Callable[[], Awaitable[Any]]]] = []
        self._servers: list[uvicorn.Server] = []
        self._internal_routes: list[Any] = []
        self._finishers: list[Callable[[], Awaitable[None]]] = []
        self._closers: list[Callable[[], Awaitable[None]]] = []
        self._tasks: list[asyncio.Task[Any]] = []

    def every(self, seconds: float, name: str, step: Callable[[], Awaitable[Any]]) -> None:
        """Run `step` repeatedly, `seconds` apart. An error is logged and counted; the loop continues."""
        self._loops.append((seconds, name, step))

    def once(self, name: str, step: Callable[[], Awaitable[Any]]) -> None:
        """Run `step` in the background after the start: for what takes too long during the start."""
        self._once.append((name, step))

    def serve(self, app: Any, *, port: int, host: str) -> None:
        """Serve a public ASGI app from this process."""
        public = closing_when_draining(app, self.health)
        self._servers.append(http_server(public, host=host, port=port, finish_s=_FINISH_REQUESTS_S))

    def serve_inside(self, *routes: Any) -> None:
        """Serve `routes` on the internal port, next to health and metrics."""
        self._internal_routes += routes

    def ready_check(self, name: str, check: Callable[[], Awaitable[str]]) -> None:
        """List a binding in /health/ready: `ok`, or its problem."""
        self.health.others[name] = check

    def on_drain(self, finish: Callable[[], Awaitable[None]]) -> None:
        """Call `finish` when nothing arrives from outside any more, while loops still run and the bus is connected.

        The place to finish work under its lease, or to release it.
        """
        self._finishers.append(finish)

    def on_stop(self, close: Callable[[], Awaitable[None]]) -> None:
        """Call `close` after the bus stopped pulling; in reverse order of declaration."""
        self._closers.append(close)

    async def _bus_closed(self) -> None:
        if not self.stopping.is_set():
            _LOG.error("bus_closed_for_good")
            self.stopping.set()

    async def _bus_refused(self, reason: str) -> None:
        self.refusal = reason
        self.stopping.set()

    async def _turn(self, seconds: float, name: str, step: Callable[[], Awaitable[Any]]) -> None:
        while True:
            started = time.monotonic()
            await self._attempt(name, step)
            await asyncio.sleep(max(0.0, seconds - (time.monotonic() - started)))

    async def _attempt(self, name: str, step: Callable[[], Awaitable[Any]]) -> None:
        try:
            await step()
        except Exception as error:  # noqa: BLE001  # logged and counted
            metrics.LOOP_FAILURES.labels(name).inc()
            if is_passing(error):
                # No traceback: a dozen of them each second, for as long as a server is unavailable, took a fifth of a core.
                _LOG.warning("loop_unavailable", loop=name, reason=f"{type(error).__name__}: {error}")
            else:
                _LOG.exception("loop_failed", loop=name)

    async def live(self) -> None:
        """Start everything, wait for the signal to stop, and stop everything."""
        self.health.required["postgres"] = self._postgres_state
        self.health.others["bus"] = self._bus_state
        settings = self.settings
        self._servers.append(
            http_server(
                internal_app(self.health, self._internal_routes),
                host=settings.internal_host,
                port=settings.internal_port,
                finish_s=2,
            )
        )
        self.every(_MEASURE_EVERY_S, "measure-process", lambda: measure_process(self.bus, self.database))
        if (secrets := settings.live_secrets).may_change:
            self.every(secrets.refresh_every_s, "refresh-secrets", secrets.refresh)
        await self.bus.start()
        self._tasks += [asyncio.create_task(self._turn(*loop), name=loop[1]) for loop in self._loops]
        self._tasks += [asyncio.create_task(self._attempt(*step), name=step[0]) for step in self._once]
        serving = [asyncio.create_task(server.serve()) for server in self._servers]
        for task in serving:  # a port in use ends the process, with an error
            task.add_done_callback(lambda _: self.stopping.set())
        _LOG.info("started", env=settings.env)
        await self.stopping.wait()
        await self._stop(serving)

    async def _stop(self, serving: list[asyncio.Task[None]]) -> None:
        _LOG.info("stopping")
        self.health.is_draining = True
        await self._stop_serving(serving[:-1])
        await self._call_all(self._finishers)
        await self.bus.stop_pulling()
        await end_all(self._tasks)
        await self.bus.stop()
        await self._call_all(self._closers)
        self._servers[-1].should_exit = True
        await asyncio.gather(*serving, return_exceptions=True)
        await self._close_database()
        _LOG.info("stopped")

    async def _close_database(self) -> None:
        try:
            await within(_CLOSE_DATABASE_S, self.database.close(), call="database_close")
        except DeadlineExceeded:
            _LOG.warning(
                "database_not_closed"
            )  # the pool terminates its connections when its close is cancelled

    async def _stop_serving(self, public: list[asyncio.Task[None]]) -> None:
        """Requests in flight may still need everything else."""
        if not public:
            return
        await asyncio.sleep(self.settings.drain_delay_s)
        for server in self._servers[:-1]:
            server.should_exit = True
        await asyncio.wait(public, timeout=_FINISH_REQUESTS_S + 1)

    async def _call_all(self, steps: list[Callable[[], Awaitable[None]]]) -> None:
        for step in reversed(steps):
            try:
                await step()
            except Exception:  # noqa: BLE001  # logged: one that fails holds up no other
                _LOG.exception("close_failed")

    async def _postgres_state(self) -> str:
        return await database_state(self.database)

    async def _bus_state(self) -> str:
        return self.bus.state()


def run(settings: SettingsT, build: Callable[[Runtime, SettingsT], Awaitable[None]]) -> NoReturn:
    """Run a service until SIGTERM or SIGINT; exit 0, or 1 if it could not start."""
    logs.configure(settings.process_name, level=settings.log_level)
    if settings.sentry_dsn is not None:
        from oslira_shared.observability import sentry  # noqa: PLC0415  # costs a fifth of a start

        logs.tell(sentry.start(settings.sentry_dsn.get_secret_value(), settings.env))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.exit(runner.run(live(settings, build)))


async def live(settings: SettingsT, build: Callable[[Runtime, SettingsT], Awaitable[None]]) -> int:
    """The whole life of a service on this loop; returns its exit status. Raises SystemExit if the database rejects us."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    pool = await _pool(settings, stopping)
    if pool is None:
        return 0
    runtime = Runtime(settings, pool)
    runtime.stopping = stopping
    if settings.otlp_endpoint is not None:
        _send_spans(runtime, settings, settings.otlp_endpoint)
    await build(runtime, settings)
    await runtime.live()
    return 0 if runtime.refusal is None else _refused(settings, runtime.refusal)


def _send_spans(runtime: Runtime, settings: ServiceSettings, endpoint: str) -> None:
    from oslira_shared.observability import otlp  # noqa: PLC0415  # costs as much as the rest of a start

    stop = otlp.start(settings.process_name, settings.env, endpoint)

    sending = BlockingCalls("spans", most=1)

    async def send_the_rest() -> None:
        await sending.run(stop, limit_s=_SEND_SPANS_S)

    runtime.on_stop(send_the_rest)


def _refused(settings: ServiceSettings, reason: str) -> int:
    """One line, as for invalid settings: a credential of another service is one."""
    print(f"{settings.process_name} cannot start: {reason}", file=sys.stderr)  # noqa: T201
    return EX_CONFIG


async def _pool(settings: ServiceSettings, stopping: asyncio.Event) -> Pool | None:
    """Wait for Postgres: a service cannot work without its rows. An error that waiting doesn't help against ends it."""
    while not stopping.is_set():
        try:
            return await _own_pool(settings)
        except WrongRole as error:
            raise SystemExit(_refused(settings, str(error))) from None
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            if (fault := connection_fault(error)) is not None:
                raise SystemExit(_refused(settings, f"DATABASE_URL: {fault}")) from None
            _LOG.warning("postgres_unreachable", reason=server_words(error))
            await asyncio.sleep(_RETRY_DATABASE_S)
    return None


async def _own_pool(settings: ServiceSettings) -> Pool:
    pool = await open_pool(
        settings.database_address,
        service=settings.service,
        max_size=settings.database_pool_size,
        pooled_url=settings.database_pooled,
        current_url=settings.secret("database_url") if settings.live_secrets.may_change else None,
        other_passwords=settings.other_database_passwords,
    )
    try:
        await require_own_role(pool, settings.service)
    except BaseException:
        await pool.close()
        raise
    return pool
