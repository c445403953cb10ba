"""The shared cache: by the scraper's own time, the newest item stays, and an unreadable one is a miss."""

import asyncio
import gzip
import itertools
import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from oslira_analysis.domain.items.judge_items import judge_items
from oslira_analysis.infrastructure.scraping.s3_profiles import S3Profiles, key_of
from oslira_devstack.testing import Bucket
from oslira_simulators.synthetic import synthetic_item

HOUR = timedelta(hours=1)


@pytest_asyncio.fixture
async def store(environment: None, bucket: Bucket) -> AsyncGenerator[S3Profiles]:
    store = S3Profiles(bucket=bucket.name, endpoint_url=bucket.endpoint_url)
    yield store
    await store.close()


async def put_raw(store: S3Profiles, bucket: Bucket, name: str, body: bytes, scraped_at: str | None) -> None:
    client = await asyncio.to_thread(store.client.get)
    metadata = {} if scraped_at is None else {"scraped-at": scraped_at}
    await asyncio.to_thread(
        lambda: client.put_object(Bucket=bucket.name, Key=key_of(name), Body=body, Metadata=metadata)
    )


def item_of(name: str, *, followers: int = 5_000) -> dict[str, Any]:
    return judge_items([synthetic_item(name) | {"followersCount": followers}], requested=name).item


async def test_an_items_age_counts_from_its_scrape(store: S3Profiles) -> None:
    assert await store.put("kept.aged", item_of("kept.aged"), scraped_at=datetime.now(UTC) - HOUR)
    assert await store.find("kept.aged", max_age=HOUR / 2) is None
    assert await store.find("kept.aged", max_age=2 * HOUR) == item_of("kept.aged")


@pytest.mark.parametrize("off", [-HOUR / 12, HOUR / 12])
async def test_a_replica_whose_clock_is_minutes_off_neither_misses_a_fresh_item_nor_replaces_it(
    store: S3Profiles, bucket: Bucket, off: timedelta
) -> None:
    astray = S3Profiles(
        bucket=bucket.name, endpoint_url=bucket.endpoint_url, now=lambda: datetime.now(UTC) + off
    )
    name = f"kept.clock.{off.days}"
    await store.put(name, item_of(name), scraped_at=datetime.now(UTC))
    assert await astray.find(name, max_age=HOUR / 20) == item_of(name)
    await astray.put(name, item_of(name, followers=9), scraped_at=datetime.now(UTC) - HOUR)
    assert await store.find(name, max_age=HOUR) == item_of(name)
    await astray.close()


async def test_the_newest_item_stays_in_whatever_order_they_come(store: S3Profiles) -> None:
    now = datetime.now(UTC)
    for order in itertools.permutations(range(3)):
        name = "kept.order" + "".join(map(str, order))
        for age in order:
            await store.put(name, item_of(name, followers=age), scraped_at=now - age * HOUR)
        assert await store.find(name, max_age=HOUR) == item_of(name, followers=0)


async def test_the_newest_item_stays_when_all_come_at_once(store: S3Profiles) -> None:
    now = datetime.now(UTC)
    await store.put("kept.race", item_of("kept.race", followers=9), scraped_at=now - 9 * HOUR)
    for _ in range(5):
        puts = (
            store.put("kept.race", item_of("kept.race", followers=age), scraped_at=now - age * HOUR)
            for age in (3, 0, 2, 1)
        )
        assert (await asyncio.gather(*puts)).count(False) <= 1  # it lost every race: the row keeps it
        kept = await store.find("kept.race", max_age=4 * HOUR)
        assert kept is not None
        newest = kept["followersCount"]
        assert newest == 0 or await store.put("kept.race", item_of("kept.race", followers=0), scraped_at=now)
        assert await store.find("kept.race", max_age=HOUR) == item_of("kept.race", followers=0)


POISON: dict[str, bytes] = {
    "empty": b"",
    "object": b"{}",
    "array": b"[1]",
    "null": b"null",
    "error": json.dumps({"username": "kept.poison", "error": "not_found"}).encode(),
    "stranger": json.dumps(synthetic_item("a.stranger")).encode(),
    "wall": json.dumps({"username": "kept.poison", "latestPosts": []}).encode(),
    "cut": json.dumps(synthetic_item("kept.poison")).encode()[:-40],
    "zipped": gzip.compress(json.dumps(synthetic_item("kept.poison")).encode()),
    "deep": b"[" * 100_000,
    "huge": b" " * (5 * 1024 * 1024),
}


@pytest.mark.parametrize("kind", POISON)
async def test_what_can_not_be_read_is_a_miss_and_is_replaced(
    store: S3Profiles, bucket: Bucket, kind: str
) -> None:
    earlier = (datetime.now(UTC) - HOUR / 60).isoformat()
    await put_raw(store, bucket, "kept.poison", POISON[kind], earlier)
    assert await store.find("kept.poison", max_age=HOUR) is None
    assert await store.put("kept.poison", item_of("kept.poison"), scraped_at=datetime.now(UTC))
    assert await store.find("kept.poison", max_age=HOUR) == item_of("kept.poison")


@pytest.mark.parametrize("scraped_at", [None, "yesterday", "2099-01-01T00:00:00+00:00", "2020-01-01"])
async def test_an_item_without_a_valid_time_is_a_miss_and_is_replaced(
    store: S3Profiles, bucket: Bucket, scraped_at: str | None
) -> None:
    await put_raw(store, bucket, "kept.timeless", json.dumps(item_of("kept.timeless")).encode(), scraped_at)
    assert await store.find("kept.timeless", max_age=HOUR) is None
    assert await store.put("kept.timeless", item_of("kept.timeless"), scraped_at=datetime.now(UTC))
    assert await store.find("kept.timeless", max_age=HOUR) is not None
