"""A provider's key that is rotated counts from the next request: nothing is restarted."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from typing import Any

from oslira_analysis.application.ports import ScraperBusy, StartUnknown
from oslira_analysis.infrastructure.models.anthropic_models import AnthropicModels
from oslira_analysis.infrastructure.models.openai_models import OpenAIModels
from oslira_analysis.infrastructure.models.provider_requests import Connection
from oslira_analysis.infrastructure.scraping.apify import ApifyScraper


@asynccontextmanager
async def _listening() -> AsyncGenerator[tuple[str, list[str]]]:
    """Refuses every request with 403; its address, and the `Authorization` of each."""
    heard: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        heard.append(next(line for line in head.split("\r\n") if line.lower().startswith("authorization")))
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heard


async def test_the_next_request_has_the_current_key() -> None:
    import anthropic  # noqa: PLC0415  # seconds of CPU: not while tests are collected
    import openai  # noqa: PLC0415

    keys = ["first"]
    async with _listening() as (url, heard):
        connection = Connection(lambda: keys[-1], url, 5.0)
        models: list[Any] = [OpenAIModels(connection), AnthropicModels(connection)]
        apify = ApifyScraper(
            token=lambda: keys[-1],
            api_url=url,
            actor_limit_s=5,
            request_timeout_s=5,
            most_charge_usd=Decimal(1),
        )
        for key in ("first", "second"):
            keys.append(key)
            for model in models:
                with suppress(openai.PermissionDeniedError, anthropic.PermissionDeniedError):
                    await (await model.connected()).models.list()
            with suppress(ScraperBusy, StartUnknown):
                await apify.start("somebody")
        for model in models:
            await model.close()
    assert [line.split()[-1] for line in heard] == ["first"] * 3 + ["second"] * 3
