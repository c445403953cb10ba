"""The life of the console's process: two HTTP servers, and an orderly stop."""

import asyncio
import signal
import sys
from typing import Final, NoReturn

import httpx
import structlog
import uvicorn
import uvloop
from oslira_shared.observability import logs
from oslira_shared.observability.health import Health, internal_app
from oslira_shared.serving import closing_when_draining, http_server

from oslira_gateway.console.bootstrap import wire
from oslira_gateway.console.settings import ConsoleSettings

_LOG = structlog.get_logger()
_FINISH_REQUESTS_S: Final = 30
_MOST_CONNECTIONS: Final = 400


def run(settings: ConsoleSettings) -> NoReturn:
    """Serve until SIGTERM or SIGINT."""
    logs.configure(settings.service, level=settings.log_level)
    if settings.sentry_dsn is not None:
        from oslira_shared.observability import sentry  # noqa: PLC0415  # costs a fifth of a start

        logs.tell(sentry.start(settings.sentry_dsn.get_secret_value(), settings.env))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(live(settings))
    sys.exit(0)


async def live(settings: ConsoleSettings) -> None:
    """The whole life of the process on this loop."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    health = Health()
    transport = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=_MOST_CONNECTIONS))
    async with transport:
        health.others["api"] = lambda: _api_state(transport, settings.api_url)
        app = closing_when_draining(wire(settings, transport, health), health)
        public = http_server(
            app, host=settings.http_host, port=settings.http_port, finish_s=_FINISH_REQUESTS_S
        )
        internal = http_server(
            internal_app(health), host=settings.internal_host, port=settings.internal_port, finish_s=2
        )
        await _serve(settings, health, public, internal, stopping=stopping)


async def _serve(
    settings: ConsoleSettings,
    health: Health,
    public: uvicorn.Server,
    internal: uvicorn.Server,
    *,
    stopping: asyncio.Event,
) -> None:
    serving = [asyncio.create_task(server.serve()) for server in (public, internal)]
    for task in serving:  # a port in use ends the process
        task.add_done_callback(lambda _: stopping.set())
    _LOG.info("started", env=settings.env)
    await stopping.wait()
    _LOG.info("stopping")
    health.is_draining = True
    await asyncio.sleep(settings.drain_delay_s)
    public.should_exit = True
    await asyncio.wait(serving[:1], timeout=_FINISH_REQUESTS_S + 1)
    internal.should_exit = True
    await asyncio.gather(*serving)
    _LOG.info("stopped")


async def _api_state(transport: httpx.AsyncBaseTransport, api_url: str) -> str:
    """The console can serve pages while the API is away, so this decides nothing."""
    request = httpx.Request("GET", f"{api_url}/health/live", extensions={"timeout": {"read": 1.5}})
    answer = await transport.handle_async_request(request)
    await answer.aclose()
    return "ok" if answer.is_success else f"status {answer.status_code}"
