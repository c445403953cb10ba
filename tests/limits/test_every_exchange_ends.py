"""Every call that leaves a process has a total time limit: an answer that comes a byte at a time ends it like none at all.

A module that can reach the network and isn't listed here fails the last test: bound the call with oslira_shared/deadline.py and
add it to EXCHANGES, or say in BOUNDED_OTHERWISE what bounds it.
"""

import ast
import asyncio
import importlib
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
from dripping import Dripping, Drips, dripping
from oslira_analysis.application.model_ports import Question
from oslira_analysis.application.ports import StartedRun
from oslira_analysis.application.rows import Run
from oslira_analysis.domain.models.calls import SCORE
from oslira_analysis.domain.models.model_table import Choice
from oslira_analysis.domain.prompts.prompt import Prompt
from oslira_analysis.infrastructure.media.bucket_state import BucketState
from oslira_analysis.infrastructure.media.public_fetch import NotFetched, fetch_picture
from oslira_analysis.infrastructure.media.s3_erasures import S3ErasableObjects
from oslira_analysis.infrastructure.media.s3_media import S3Media
from oslira_analysis.infrastructure.models.anthropic_models import AnthropicModels
from oslira_analysis.infrastructure.models.openai_models import OpenAIModels
from oslira_analysis.infrastructure.models.provider_requests import Connection
from oslira_analysis.infrastructure.scraping.apify import ApifyScraper
from oslira_analysis.infrastructure.scraping.s3_profiles import S3Profiles
from oslira_billing.infrastructure.stripe_api import StripeApiObjects
from oslira_gateway.anonymous.challenges import Turnstile
from oslira_gateway.identity.fetch_jwks import fetch_jwks
from oslira_gateway.webhooks.address import AddressPolicy
from oslira_gateway.webhooks.answer import Answer, DeliveryProblem
from oslira_gateway.webhooks.http_sender import HttpSender, SystemResolver
from oslira_shared.bucket import CALL_LIMIT_S
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import PoolLimits, open_pool
from oslira_shared.secrets.aws import AwsVault

ROOT: Final = Path(__file__).parents[2]
_SLACK_S: Final = 10.0  # this machine may be busy; what drips goes on for ever
_SHORT_S: Final = 1.0


@dataclass(frozen=True)
class Exchange:
    """`call` must be over within `limit_s`, whatever it answers or raises."""

    modules: Sequence[str]
    limit_s: float
    call: Callable[[Dripping], Awaitable[Any]]


def _question() -> Question:
    run = Run(new_id(), new_id(), new_id(), "light", "nasa", 3600, 1, None, False, None)
    return Question(run, SCORE, Choice("gpt-6-luna", 100), Prompt(system="s", user="u", version="1"), None)


async def _model(kind: type[OpenAIModels | AnthropicModels], server: Dripping) -> None:
    models = kind(Connection(lambda: "key", server.url, _SHORT_S))
    try:
        await models.ask(_question())
    finally:
        await models.close()


async def _model_list(kind: type[OpenAIModels | AnthropicModels], server: Dripping) -> None:
    models = kind(Connection(lambda: "key", server.url, _SHORT_S))
    try:
        await models.list_models()
    finally:
        await models.close()


def _scraper(server: Dripping) -> ApifyScraper:
    return ApifyScraper(
        token=lambda: "token",
        api_url=server.url,
        actor_limit_s=60,
        request_timeout_s=_SHORT_S,
        most_charge_usd=Decimal("0.01"),
    )


def _store(server: Dripping) -> S3Profiles:
    return S3Profiles(bucket="bucket", endpoint_url=server.url)


def _stored(use: Callable[[S3Profiles], Awaitable[Any]]) -> Callable[[Dripping], Awaitable[None]]:
    async def call(server: Dripping) -> None:
        store = _store(server)
        try:
            await use(store)
        finally:
            await store.close()

    return call


async def _jwks(server: Dripping) -> None:
    await fetch_jwks(server.url, timeout_s=_SHORT_S)()


async def _webhook(server: Dripping) -> None:
    resolver = SystemResolver(threads=1)
    sender = HttpSender(AddressPolicy(allows_loopback=True), resolver, total_s=_SHORT_S)
    answer = await sender.post(server.url, {}, "{}")
    await sender.close()
    await resolver.close()
    # Of an answer only the status is read, so a slow body does no harm.
    assert answer in {Answer(problem=DeliveryProblem.TIMEOUT), Answer.of_status(200)}


async def _challenge(server: Dripping) -> None:
    turnstile = Turnstile("secret", url=server.url)
    try:
        await turnstile.check("response")
    finally:
        await turnstile.close()


async def _stripe(server: Dripping) -> None:
    stripe = StripeApiObjects(api_key=lambda: "sk_test_x", api_base=server.url)
    try:
        await stripe.retrieve("invoice", "in_1")
    finally:
        await stripe.close()


async def _secrets(server: Dripping) -> None:
    vault = AwsVault(endpoint_url=server.url)
    await asyncio.to_thread(vault.read, "OPENAI_API_KEY")


async def _picture(server: Dripping) -> None:
    def connect(_host: str, _port: int) -> socket.socket:
        return socket.create_connection(("127.0.0.1", server.port), timeout=4)

    with pytest.raises(NotFetched):
        await asyncio.to_thread(fetch_picture, "https://cdn.example/a.jpg", connect=connect)


async def _database(server: Dripping) -> None:
    await open_pool(
        f"postgres://user:password@127.0.0.1:{server.port}/db?sslmode=disable",
        service="test",
        limits=PoolLimits(connect_s=_SHORT_S, statement_s=_SHORT_S),
    )


_ANALYSIS: Final = "services/analysis/oslira_analysis/infrastructure"
EXCHANGES: Final[Mapping[str, Exchange]] = {
    "openai": Exchange(
        [f"{_ANALYSIS}/models/openai_models.py", f"{_ANALYSIS}/models/provider_requests.py"],
        _SHORT_S,
        partial(_model, OpenAIModels),
    ),
    "anthropic": Exchange(
        [f"{_ANALYSIS}/models/anthropic_models.py"],
        _SHORT_S,
        partial(_model, AnthropicModels),
    ),
    "openai's models": Exchange(
        [f"{_ANALYSIS}/models/openai_models.py"], _SHORT_S, partial(_model_list, OpenAIModels)
    ),
    "anthropic's models": Exchange(
        [f"{_ANALYSIS}/models/anthropic_models.py"], _SHORT_S, partial(_model_list, AnthropicModels)
    ),
    "apify start": Exchange(
        [f"{_ANALYSIS}/scraping/apify.py"], _SHORT_S, lambda server: _scraper(server).start("nasa")
    ),
    # Three tries, and the pauses between them.
    "apify list": Exchange(
        [f"{_ANALYSIS}/scraping/apify.py"],
        3 * _SHORT_S + 2,
        lambda server: _scraper(server).list_started(since=datetime.now(UTC)),
    ),
    "apify input": Exchange(
        [f"{_ANALYSIS}/scraping/apify.py"],
        3 * _SHORT_S + 2,
        lambda server: _scraper(server).names_of(StartedRun("run", "store")),
    ),
    "apify abort": Exchange(
        [f"{_ANALYSIS}/scraping/apify.py"],
        3 * _SHORT_S + 2,
        lambda server: _scraper(server).abort("run", at_most_s=1),
    ),
    "cache find": Exchange(
        [f"{_ANALYSIS}/scraping/s3_profiles.py", "libs/shared/oslira_shared/bucket.py"],
        CALL_LIMIT_S,
        _stored(lambda store: store.find("nasa", max_age=timedelta(days=1))),
    ),
    "cache put": Exchange(
        [f"{_ANALYSIS}/scraping/s3_profiles.py"],
        CALL_LIMIT_S,
        _stored(lambda store: store.put("nasa", {}, scraped_at=datetime.now(UTC))),
    ),
    "media delete": Exchange(
        [f"{_ANALYSIS}/media/s3_media.py"],
        CALL_LIMIT_S,
        _stored(lambda store: S3Media(store.client.get, bucket="bucket").delete("key")),
    ),
    "media get": Exchange(
        [f"{_ANALYSIS}/media/s3_media.py"],
        CALL_LIMIT_S,
        _stored(lambda store: S3Media(store.client.get, bucket="bucket").get("key", most_bytes=9)),
    ),
    "media put": Exchange(
        [f"{_ANALYSIS}/media/s3_media.py"],
        15,
        _stored(
            lambda store: S3Media(store.client.get, bucket="bucket").put("k", b"", content_type="image/png")
        ),
    ),
    "media rule": Exchange(
        [f"{_ANALYSIS}/media/s3_media.py"],
        15,
        _stored(lambda store: S3Media(store.client.get, bucket="bucket").expire_profiles()),
    ),
    "erase profile": Exchange(
        [f"{_ANALYSIS}/media/s3_erasures.py"],
        2 * CALL_LIMIT_S,
        _stored(lambda store: S3ErasableObjects(store.client.get, bucket="bucket").erase_profile("nasa")),
    ),
    "erase pictures": Exchange(
        [f"{_ANALYSIS}/media/s3_erasures.py"],
        CALL_LIMIT_S,
        _stored(lambda store: S3ErasableObjects(store.client.get, bucket="bucket").erase_pictures(["key"])),
    ),
    "bucket state": Exchange(
        [f"{_ANALYSIS}/media/bucket_state.py"],
        CALL_LIMIT_S,
        _stored(lambda store: BucketState(store.client.get, bucket="bucket").look()),
    ),
    "picture": Exchange(
        [f"{_ANALYSIS}/media/public_fetch.py", f"{_ANALYSIS}/media/avatar_copier.py"], 10, _picture
    ),
    "jwks": Exchange(["services/gateway/oslira_gateway/identity/fetch_jwks.py"], _SHORT_S, _jwks),
    "webhook": Exchange(["services/gateway/oslira_gateway/webhooks/http_sender.py"], _SHORT_S, _webhook),
    "challenge": Exchange(["services/gateway/oslira_gateway/anonymous/challenges.py"], 5, _challenge),
    "stripe": Exchange(["services/billing/oslira_billing/infrastructure/stripe_api.py"], 5, _stripe),
    "secrets": Exchange(["libs/shared/oslira_shared/secrets/aws.py"], 12, _secrets),
    "database": Exchange(["libs/shared/oslira_shared/postgres/clients.py"], _SHORT_S, _database),
}
BOUNDED_OTHERWISE: Final[Mapping[str, str]] = {
    "libs/shared/oslira_shared/deadline.py": "it is the bound",
    "libs/shared/oslira_shared/bus/connection.py": "test_outages.py freezes its server",
    "libs/shared/oslira_shared/bus/requests.py": "test_outages.py freezes its server",
    f"{_ANALYSIS}/singleflight.py": "imports and constructors: no network",
    f"{_ANALYSIS}/models/warm_up.py": "imports and constructors: no network",
    "libs/shared/oslira_shared/secrets/live.py": "AwsVault.read is bounded itself",
    "libs/shared/oslira_shared/settings.py": "AwsVault.read is bounded itself; inet_aton sends nothing",
    "libs/shared/oslira_shared/observability/otlp.py": "its exporter has threads and limits of its own",
    "libs/shared/oslira_shared/observability/sentry.py": "its transport has threads and limits of its own",
    "libs/shared/oslira_shared/postgres/migrate.py": "a command that a person or a Kubernetes Job runs",
    "libs/shared/oslira_shared/provision.py": "a command that a person or a Kubernetes Job runs",
    "services/billing/oslira_billing/infrastructure/stripe_sales.py": "asks through StripeApiObjects, which is bounded",
    "services/scheduler/oslira_scheduler/infrastructure/one_tick.py": "a command; its client has limits for each step",
    "libs/shared/oslira_shared/serving.py": "it is the server; an address is all it takes from socket",
    "services/gateway/oslira_gateway/bulk/routes.py": "reads a file in a thread: no network",
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
        store = _store(server)
        await asyncio.to_thread(store.client.get)
        before, started = threading.active_count(), time.monotonic()
        found = await asyncio.gather(*(store.find(f"n{n}", max_age=timedelta(days=1)) for n in range(60)))
        assert found == [None] * 60
        assert time.monotonic() - started < CALL_LIMIT_S + _SLACK_S
        assert threading.active_count() - before <= 16
        # Asyncio's own threads still serve others.
        async with asyncio.timeout(1):
            assert await asyncio.to_thread(lambda: 1) == 1


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
