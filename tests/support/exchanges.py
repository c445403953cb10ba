"""Every kind of call to another system, against a server that sends its answer slowly."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

import httpx
import pytest
from console_visitor import Visitor, console_settings
from dripping import Dripping
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
from oslira_gateway.console.bootstrap import wire
from oslira_gateway.console.sign_in.supabase import SupabaseIssuer
from oslira_gateway.identity.fetch_jwks import fetch_jwks
from oslira_gateway.webhooks.address import AddressPolicy
from oslira_gateway.webhooks.answer import Answer, DeliveryProblem
from oslira_gateway.webhooks.http_sender import HttpSender, SystemResolver
from oslira_shared.bucket import CALL_LIMIT_S
from oslira_shared.ids import new_id
from oslira_shared.observability.health import Health
from oslira_shared.postgres.clients import PoolLimits, open_pool
from oslira_shared.secrets.aws import AwsVault

_SHORT_S: Final = 1.0
_PAGE_S: Final = 5.0  # templates are read first


@dataclass(frozen=True)
class Exchange:
    """`call` must end within `limit_s`, whatever it answers or raises."""

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


def hanging_store(server: Dripping) -> S3Profiles:
    return S3Profiles(bucket="bucket", endpoint_url=server.url)


def _stored(use: Callable[[S3Profiles], Awaitable[Any]]) -> Callable[[Dripping], Awaitable[None]]:
    async def call(server: Dripping) -> None:
        store = hanging_store(server)
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


async def _console_page(server: Dripping) -> None:
    async with httpx.AsyncHTTPTransport() as transport:
        settings = console_settings(OSLIRA_API_URL=server.url, CONSOLE_PAGE_TIMEOUT_S=_PAGE_S)
        console = httpx.ASGITransport(app=wire(settings, transport, Health()))
        async with httpx.AsyncClient(transport=console, base_url="http://127.0.0.1") as http:
            visitor = Visitor(http)
            visitor.sign_in()
            await visitor.get("/app/leads")


async def _supabase(server: Dripping) -> None:
    async with httpx.AsyncClient() as http:
        await SupabaseIssuer(http, server.url, "key").by_password("a@b.test", "password")


CONSOLE: Final = "services/gateway/oslira_gateway/console"
ANALYSIS: Final = "services/analysis/oslira_analysis/infrastructure"
EXCHANGES: Final[Mapping[str, Exchange]] = {
    "console page": Exchange(
        [f"{CONSOLE}/{name}.py" for name in ("api", "errors", "guard", "page_limit", "bootstrap")],
        _PAGE_S,
        _console_page,
    ),
    "supabase": Exchange([f"{CONSOLE}/sign_in/supabase.py"], 10.0, _supabase),
    "openai": Exchange(
        [f"{ANALYSIS}/models/openai_models.py", f"{ANALYSIS}/models/provider_requests.py"],
        _SHORT_S,
        partial(_model, OpenAIModels),
    ),
    "anthropic": Exchange(
        [f"{ANALYSIS}/models/anthropic_models.py"],
        _SHORT_S,
        partial(_model, AnthropicModels),
    ),
    "openai's models": Exchange(
        [f"{ANALYSIS}/models/openai_models.py"], _SHORT_S, partial(_model_list, OpenAIModels)
    ),
    "anthropic's models": Exchange(
        [f"{ANALYSIS}/models/anthropic_models.py"], _SHORT_S, partial(_model_list, AnthropicModels)
    ),
    "apify start": Exchange(
        [f"{ANALYSIS}/scraping/apify.py"], _SHORT_S, lambda server: _scraper(server).start("nasa")
    ),
    # Three tries, and the pauses between them.
    "apify list": Exchange(
        [f"{ANALYSIS}/scraping/apify.py"],
        3 * _SHORT_S + 2,
        lambda server: _scraper(server).list_started(since=datetime.now(UTC)),
    ),
    "apify input": Exchange(
        [f"{ANALYSIS}/scraping/apify.py"],
        3 * _SHORT_S + 2,
        lambda server: _scraper(server).names_of(StartedRun("run", "store")),
    ),
    "apify abort": Exchange(
        [f"{ANALYSIS}/scraping/apify.py"],
        3 * _SHORT_S + 2,
        lambda server: _scraper(server).abort("run", at_most_s=1),
    ),
    "cache find": Exchange(
        [f"{ANALYSIS}/scraping/s3_profiles.py", "libs/shared/oslira_shared/bucket.py"],
        CALL_LIMIT_S,
        _stored(lambda store: store.find("nasa", max_age=timedelta(days=1))),
    ),
    "cache put": Exchange(
        [f"{ANALYSIS}/scraping/s3_profiles.py"],
        CALL_LIMIT_S,
        _stored(lambda store: store.put("nasa", {}, scraped_at=datetime.now(UTC))),
    ),
    "media delete": Exchange(
        [f"{ANALYSIS}/media/s3_media.py"],
        CALL_LIMIT_S,
        _stored(lambda store: S3Media(store.client.get, bucket="bucket").delete("key")),
    ),
    "media get": Exchange(
        [f"{ANALYSIS}/media/s3_media.py"],
        CALL_LIMIT_S,
        _stored(lambda store: S3Media(store.client.get, bucket="bucket").get("key", most_bytes=9)),
    ),
    "media put": Exchange(
        [f"{ANALYSIS}/media/s3_media.py"],
        15,
        _stored(
            lambda store: S3Media(store.client.get, bucket="bucket").put("k", b"", content_type="image/png")
        ),
    ),
    "media rule": Exchange(
        [f"{ANALYSIS}/media/s3_media.py"],
        15,
        _stored(lambda store: S3Media(store.client.get, bucket="bucket").expire_profiles()),
    ),
    "erase profile": Exchange(
        [f"{ANALYSIS}/media/s3_erasures.py"],
        2 * CALL_LIMIT_S,
        _stored(lambda store: S3ErasableObjects(store.client.get, bucket="bucket").erase_profile("nasa")),
    ),
    "erase pictures": Exchange(
        [f"{ANALYSIS}/media/s3_erasures.py"],
        CALL_LIMIT_S,
        _stored(lambda store: S3ErasableObjects(store.client.get, bucket="bucket").erase_pictures(["key"])),
    ),
    "bucket state": Exchange(
        [f"{ANALYSIS}/media/bucket_state.py"],
        CALL_LIMIT_S,
        _stored(lambda store: BucketState(store.client.get, bucket="bucket").look()),
    ),
    "picture": Exchange(
        [f"{ANALYSIS}/media/public_fetch.py", f"{ANALYSIS}/media/avatar_copier.py"], 10, _picture
    ),
    "jwks": Exchange(["services/gateway/oslira_gateway/identity/fetch_jwks.py"], _SHORT_S, _jwks),
    "webhook": Exchange(["services/gateway/oslira_gateway/webhooks/http_sender.py"], _SHORT_S, _webhook),
    "challenge": Exchange(["services/gateway/oslira_gateway/anonymous/challenges.py"], 5, _challenge),
    "stripe": Exchange(["services/billing/oslira_billing/infrastructure/stripe_api.py"], 5, _stripe),
    "secrets": Exchange(["libs/shared/oslira_shared/secrets/aws.py"], 12, _secrets),
    "database": Exchange(["libs/shared/oslira_shared/postgres/clients.py"], _SHORT_S, _database),
}
