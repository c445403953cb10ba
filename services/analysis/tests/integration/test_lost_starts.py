"""A start whose answer was lost is found among thousands that came after it."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest_asyncio
from oslira_analysis.application.ports import StartedRun
from oslira_analysis.infrastructure.scraping.apify import ApifyScraper
from oslira_devstack.simulated import Simulators

# More than a page of Apify's list.
LATER = 1_300
AT_ONCE = 20


@pytest_asyncio.fixture
async def scraper(simulators: Simulators) -> AsyncGenerator[ApifyScraper]:
    yield ApifyScraper(
        token=lambda: "oslira-dev-apify",
        api_url=simulators.environment["APIFY_API_URL"],
        actor_limit_s=120,
        request_timeout_s=15,
        most_charge_usd=Decimal("0.01"),
    )


def ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


async def starts(scraper: ApifyScraper, count: int) -> None:
    async def some(numbers: range) -> None:
        for number in numbers:
            await scraper.start(f"later.{number}")

    await asyncio.gather(*(some(range(first, count, AT_ONCE)) for first in range(AT_ONCE)))


async def test_the_first_of_thousands_of_starts_is_listed_once_and_last(scraper: ApifyScraper) -> None:
    lost = await scraper.start("lost.answer")
    await starts(scraper, LATER)
    listed = await scraper.list_started(since=ago(60))
    assert len({run.actor_run_id for run in listed}) == len(listed) == LATER + 1
    assert listed[-1].actor_run_id == lost
    assert await scraper.names_of(listed[-1]) == ["lost.answer"]


async def test_what_started_long_after_an_intent_is_not_looked_through(scraper: ApifyScraper) -> None:
    await scraper.start("now")
    assert await scraper.list_started(since=ago(3600)) == list[StartedRun]()
    assert len(await scraper.list_started(since=ago(500))) == 1
