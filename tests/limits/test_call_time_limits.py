"""Every call that leaves a process has a total time limit: an answer that comes a byte at a time ends it like none at all.

A module that can reach the network and isn't listed here fails the last test: bound the call with oslira_shared/deadline.py and
add it to EXCHANGES, or say in BOUNDED_OTHERWISE what bounds it.
"""

import ast
import asyncio
import importlib
import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

import boto3
import pytest
from dripping import Dripping, Drips, dripping
from exchanges import ANALYSIS, CONSOLE, EXCHANGES, Exchange, hanging_store
from oslira_shared.bucket import CALL_LIMIT_S
from oslira_shared.deadline import BlockingCalls

ROOT: Final = Path(__file__).parents[2]
_SLACK_S: Final = 10.0  # this machine may be busy; a dripping answer never ends
BOUNDED_OTHERWISE: Final[Mapping[str, str]] = {
    "libs/shared/oslira_shared/deadline.py": "it is the bound",
    "libs/shared/oslira_shared/bus/connection.py": "test_outages.py freezes its server",
    "libs/shared/oslira_shared/bus/requests.py": "test_outages.py freezes its server",
    f"{ANALYSIS}/singleflight.py": "imports and constructors: no network",
    f"{ANALYSIS}/models/warm_up.py": "imports and constructors: no network",
    "libs/shared/oslira_shared/secrets/live.py": "AwsVault.read is bounded itself",
    "libs/shared/oslira_shared/settings/values.py": "inet_aton sends nothing",
    "libs/shared/oslira_shared/observability/otlp.py": "its exporter has threads and limits of its own",
    "libs/shared/oslira_shared/observability/sentry.py": "its transport has threads and limits of its own",
    "libs/shared/oslira_shared/postgres/migrate.py": "a command that a person or a Kubernetes Job runs",
    "libs/shared/oslira_shared/provision.py": "a command that a person or a Kubernetes Job runs",
    "services/billing/oslira_billing/infrastructure/stripe_sales.py": "asks through StripeApiObjects, which is bounded",
    "services/scheduler/oslira_scheduler/infrastructure/one_tick.py": "a command; its client has limits for each step",
    "libs/shared/oslira_shared/serving.py": "it is the server; an address is all it takes from socket",
    "services/gateway/oslira_gateway/bulk/routes.py": "reads a file in a thread: no network",
    f"{CONSOLE}/process.py": "Health bounds its look at the API",
    f"{CONSOLE}/passage.py": "streams, which have no end; a silence of 60 s ends one",
    f"{CONSOLE}/sign_in/issuer.py": "a port, which names errors",
    f"{CONSOLE}/sign_in/issuer_routes.py": "asks through SupabaseIssuer, which is bounded",
    f"{CONSOLE}/sign_in/routes.py": "asks through the client and SupabaseIssuer: a page's limit holds",
    "services/gateway/oslira_gateway/describe.py": "makes documents: no network",
}
# What can reach another system, or wait in a thread for one.
_MODULES: Final = frozenset(
    {
        "aiohttp", "anthropic", "apify_client", "boto3", "botocore", "http.client", "httpx",
        "httpx2", "openai", "opentelemetry", "requests", "sentry_sdk", "smtplib", "socket", "stripe", "urllib.request", "urllib3",
    }
)  # fmt: skip
_CALLS: Final = frozenset(
    {"to_thread", "run_in_executor", "ThreadPoolExecutor", "create_pool", "NatsBroker", "open_connection", "getaddrinfo"}
)  # fmt: skip
_CONNECTS: Final = frozenset({"asyncpg.connect", "nats.connect"})


@pytest.mark.parametrize("drips", ["nothing", "headers", "body"])
async def test_a_call_ends_at_its_limit_however_slowly_the_answer_comes(
    drips: Drips, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "us-east-1")
    await _warm_up()
    took_s: dict[str, float] = {}

    async def run(name: str, exchange: Exchange, server: Dripping) -> None:
        started = time.monotonic()
        try:
            async with asyncio.timeout(exchange.limit_s + _SLACK_S):
                await exchange.call(server)
        except Exception:  # noqa: BLE001, S110  # what it raises is its own tests' business
            pass
        took_s[name] = time.monotonic() - started

    async with dripping(drips) as server:
        await asyncio.gather(*(run(name, exchange, server) for name, exchange in EXCHANGES.items()))
        assert server.asked >= len(EXCHANGES)
    late = {name: s for name, s in took_s.items() if s > EXCHANGES[name].limit_s + _SLACK_S - 0.5}
    assert late == {}


async def _warm_up() -> None:
    """Imports take seconds, and are not part of an answer."""

    def load() -> None:
        for name in ("anthropic", "apify_client", "openai", "stripe"):
            importlib.import_module(name)
        boto3.Session().client("s3", region_name="auto", aws_access_key_id="x", aws_secret_access_key="x")

    await asyncio.to_thread(load)


async def test_hung_calls_to_the_store_use_up_no_threads_but_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    await _warm_up()
    async with dripping("headers") as server:
        store = hanging_store(server)
        await asyncio.to_thread(store.client.get)
        before, started = threading.active_count(), time.monotonic()
        found = await asyncio.gather(*(store.find(f"n{n}", max_age=timedelta(days=1)) for n in range(60)))
        assert found == [None] * 60
        assert time.monotonic() - started < CALL_LIMIT_S + _SLACK_S
        assert threading.active_count() - before <= 16
        # Asyncio's own threads still serve others.
        async with asyncio.timeout(1):
            assert await asyncio.to_thread(lambda: 1) == 1


async def test_a_call_after_another_uses_its_thread_and_calls_at_once_have_one_each() -> None:
    calls = BlockingCalls("reused", most=3)
    first = await calls.run(threading.get_native_id, limit_s=5)
    assert await calls.run(threading.get_native_id, limit_s=5) == first
    met = threading.Barrier(3)

    def meet() -> int:
        met.wait(5)
        return threading.get_native_id()

    at_once = await asyncio.gather(*(calls.run(meet, limit_s=10) for _ in range(3)))
    assert len(set(at_once)) == 3
    assert first in at_once


def test_every_module_that_can_reach_another_system_is_listed() -> None:
    listed = {module for exchange in EXCHANGES.values() for module in exchange.modules} | set(
        BOUNDED_OTHERWISE
    )
    sources = [
        *ROOT.glob("services/*/oslira_*/**/*.py"),
        *ROOT.glob("libs/shared/oslira_shared/**/*.py"),
    ]
    reaching = {str(path.relative_to(ROOT)) for path in sources if _reaches_out(ast.parse(path.read_text()))}
    assert reaching - listed == set(), "bound its calls, and add it to EXCHANGES"
    assert {module for module in listed if not (ROOT / module).is_file()} == set()


def _reaches_out(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names) if any(_is_reaching(name.name) for name in names):
                return True
            case ast.ImportFrom(module=str(module)) if _is_reaching(module):
                return True
            case ast.Call(func=ast.Attribute(attr=attr) as func) if (
                attr in _CALLS or ast.unparse(func) in _CONNECTS
            ):
                return True
            case ast.Call(func=ast.Name(id=name)) if name in _CALLS:
                return True
            case _:
                pass
    return False


def _is_reaching(module: str) -> bool:
    return module in _MODULES or module.split(".", maxsplit=1)[0] in _MODULES
