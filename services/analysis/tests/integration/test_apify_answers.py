"""Apify's answers in every form: errors by their types, unreadable bodies, impossible costs."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from oslira_analysis.application.ports import ScraperBusy, StartRefused, StartUnknown
from oslira_analysis.infrastructure.scraping.apify import ApifyScraper

RUN: dict[str, Any] = {
    "id": "r", "actId": "a", "userId": "u", "startedAt": "2026-11-28T20:00:00Z", "finishedAt": "2026-11-28T20:00:01Z",
    "status": "SUCCEEDED", "meta": {"origin": "API"}, "buildId": "b", "buildNumber": "0.0.1", "containerUrl": "http://x",
    "stats": {"inputBodyLen": 1, "restartCount": 0, "resurrectCount": 0, "computeUnits": 0}, "usageTotalUsd": 0.002,
    "options": {"build": "latest", "timeoutSecs": 1, "memoryMbytes": 1024, "diskMbytes": 1},
    "defaultKeyValueStoreId": "k", "defaultDatasetId": "d", "defaultRequestQueueId": "q",
}  # fmt: skip
PAGES = "".join(f"x-apify-pagination-{name}: {value}\r\n" for name, value in {
    "total": 1, "offset": 0, "count": 1, "limit": 20, "desc": "false",
}.items())  # fmt: skip


@dataclass
class CannedApify:
    """Answers by path: (status, body)."""

    scraper: ApifyScraper = field(init=False)
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict[str, tuple[int, bytes]])

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split()[1]
        status, body = next((answer for part, answer in self.answers.items() if part in path), (404, b"{}"))
        about = f"content-type: application/json\r\n{PAGES}content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        writer.write(f"HTTP/1.1 {status} X\r\n{about}".encode() + body)
        await writer.drain()
        writer.close()


@pytest_asyncio.fixture
async def apify() -> AsyncGenerator[CannedApify]:
    canned = CannedApify()
    server = await asyncio.start_server(canned.handle, "127.0.0.1", 0)
    canned.scraper = ApifyScraper(
        token=lambda: "t",
        api_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}",
        actor_limit_s=5,
        request_timeout_s=3,
        most_charge_usd=Decimal("0.1"),
    )
    yield canned
    server.close()
    await server.wait_closed()


def error_body(kind: str | None, message: str | None = "m") -> bytes:
    return json.dumps({"error": {"type": kind, "message": message}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (402, error_body("actor-memory-limit-exceeded"), "limited"),
        (400, error_body("concurrent-runs-limit-exceeded"), "limited"),
        (403, error_body("concurrent-runs-limit-exceeded"), "limited"),
        (409, error_body("concurrent-update-detected"), "limited"),
        (429, error_body("rate-limit-exceeded"), "limited"),
        (429, b"<html>", "limited"),
        (402, error_body("not-enough-usage-to-run-paid-actor"), "used_up"),
        (402, error_body("x402-payment-required"), "used_up"),
        (400, error_body("monthly-usage-limit-too-low"), "used_up"),
        (403, error_body("platform-feature-disabled", "Monthly usage hard limit exceeded"), "used_up"),
        (402, b'{"error": {"type": 5, "message": []}}', "used_up"),
        (401, error_body("user-or-token-not-found"), "key_refused"),
        (403, error_body("insufficient-permissions"), "key_refused"),
        (403, error_body(None, None), "key_refused"),
        (403, b"<html>", "key_refused"),
        (400, error_body("invalid-input"), "refused"),
        (404, error_body("actor-not-found"), "refused"),
        (400, b'{"error": "text"}', "refused"),
        (400, b"[]", "refused"),
        (408, error_body("run-timeout-exceeded"), "unknown"),
        (201, b"{}", "unknown"),
        (201, b'{"data": {"id": null}}', "unknown"),
        (201, error_body("run-failed"), "unknown"),
        (200, b"<html>", "unknown"),
        (500, error_body("rate-limit-exceeded"), "unknown"),
    ],
)
async def test_an_answer_to_a_start_means_what_its_type_says(
    apify: CannedApify, status: int, body: bytes, meaning: str
) -> None:
    apify.answers["/runs"] = (status, body)
    with pytest.raises((ScraperBusy, StartRefused)) as failed:
        await apify.scraper.start("x")
    error = failed.value
    found = "unknown" if isinstance(error, StartUnknown) else getattr(error, "trouble", "refused")
    assert found == meaning


@pytest.mark.parametrize(
    ("items", "read"),
    [
        (b'[{"username": "x"}]', ({"username": "x"},)),
        (b'[{"a\\u0000": "\\ud83d"}, null, 5, NaN]', ({"a": ""}, None, 5, None)),
        # Nested too deeply to parse: the scrape has no result, and does not count as an outage of Apify.
        (b'[{"a":' + b"[" * 1_500 + b"]" * 1_500 + b"}]", ()),
    ],
)
async def test_items_that_can_not_be_read_are_no_outage(
    apify: CannedApify, items: bytes, read: tuple[Any, ...]
) -> None:
    apify.answers |= {"actor-runs": (200, json.dumps({"data": RUN}).encode()), "datasets": (200, items)}
    assert (await apify.scraper.wait("r", at_most_s=2)).items == read


@pytest.mark.parametrize(
    ("usage_usd", "cost_nano_usd"),
    [
        (0.002, 2_000_000),
        (None, 0),
        (-1, 100_000_000),
        (1e12, 100_000_000),
        (float("inf"), 100_000_000),
        (float("nan"), 100_000_000),
    ],
)
async def test_an_impossible_cost_is_recorded_as_the_maximum_cost_of_a_run(
    apify: CannedApify, usage_usd: float | None, cost_nano_usd: int
) -> None:
    run = json.dumps({"data": {**RUN, "usageTotalUsd": usage_usd}}).encode()
    apify.answers |= {"actor-runs": (200, run), "datasets": (200, b"[]")}
    assert (await apify.scraper.wait("r", at_most_s=2)).cost_nano_usd == cost_nano_usd
