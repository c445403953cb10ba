"""Nothing of a fenced or erased scrape is stored, at whatever time that happens."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from analysis_world import World
from fake_after_commit import FakeEngine
from oslira_analysis.application.cache_profile import cache_profile
from oslira_analysis.application.memory_cache import MemoryCache
from oslira_analysis.application.ports import ActorEnd, Item, StartedRun
from oslira_analysis.application.run_scrape import run_scrape
from oslira_analysis.application.scrape_ports import ScrapeLimits, ScrapePorts
from oslira_analysis.domain.items.judge_items import judge_items
from oslira_analysis.infrastructure.media.s3_erasures import S3ErasableObjects
from oslira_analysis.infrastructure.postgres.queue import PostgresQueue
from oslira_analysis.infrastructure.postgres.scrapes import PostgresScrapes
from oslira_analysis.infrastructure.postgres.suppressions import PostgresSuppressions
from oslira_analysis.infrastructure.scraping.s3_profiles import S3Profiles
from oslira_devstack.testing import Bucket
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import AdminClient
from oslira_simulators.synthetic import synthetic_item

HOUR = timedelta(hours=1)
_SUPPRESS = """
insert into identity.suppression (digest) values (identity.suppression_digest($1)) on conflict do nothing
"""
_STARTING = "insert into analysis.scrapes (id, state, username, due_at) values ($1, 'starting', $2, now())"


@pytest_asyncio.fixture
async def store(environment: None, bucket: Bucket) -> AsyncGenerator[S3Profiles]:
    store = S3Profiles(bucket=bucket.name, endpoint_url=bucket.endpoint_url)
    yield store
    await store.close()


class OneScrape:
    """Implements Scraper with one run, which ends after `meanwhile`."""

    def __init__(
        self, items: Sequence[Any], ended_at: datetime, meanwhile: Callable[[], Awaitable[Any]]
    ) -> None:
        self._end = ActorEnd(has_succeeded=True, cost_nano_usd=1, items=tuple(items), ended_at=ended_at)
        self._meanwhile = meanwhile

    async def start(self, username: str) -> str:
        return f"run-{username}"

    async def list_started(self, *, since: datetime) -> list[StartedRun]:  # noqa: ARG002
        return []

    async def names_of(self, started: StartedRun) -> list[str]:  # noqa: ARG002
        return []

    async def wait(self, actor_run_id: str, *, at_most_s: float) -> ActorEnd:  # noqa: ARG002
        await self._meanwhile()
        return self._end

    async def abort(self, actor_run_id: str, *, at_most_s: float) -> ActorEnd:  # noqa: ARG002
        return self._end


class Silent:
    """Implements Avatars."""

    def copy_later(self, username: str, url: str | None) -> None: ...


async def scrape_once(
    world: World,
    store: S3Profiles,
    name: str,
    meanwhile: Callable[[UUID], Awaitable[Any]],
    *,
    ended_at: datetime,
) -> tuple[UUID, MemoryCache]:
    database, memory_cache, scrape_id = AdminClient(world.analysis), MemoryCache(), new_id()
    await world.analysis.execute(_STARTING, scrape_id, name)
    scrapes = PostgresScrapes(database)
    work = await scrapes.claim(scrape_id)
    assert work is not None
    ports = ScrapePorts(
        scrapes=scrapes,
        scraper=OneScrape([synthetic_item(name)], ended_at, lambda: meanwhile(scrape_id)),
        cache=store,
        suppressions=PostgresSuppressions(database),
        memory_cache=memory_cache,
        avatars=Silent(),
        after=FakeEngine().after_commit(queue=PostgresQueue(database)),
        limits=ScrapeLimits(start_known_after_s=1, actor_limit_s=60, used_up_wait_s=0),
        chance=lambda: 0.0,
    )
    await run_scrape(work, ports)
    return scrape_id, memory_cache


async def test_a_scrape_keeps_the_scrapers_own_time(world: World, store: S3Profiles) -> None:
    ended_at = datetime.now(UTC) - HOUR
    scrape_id, memory_cache = await scrape_once(
        world, store, "kept.late", lambda _: asyncio.sleep(0), ended_at=ended_at
    )
    assert memory_cache.find(scrape_id) is not None
    assert await store.find("kept.late", max_age=HOUR / 2) is None
    assert await store.find("kept.late", max_age=2 * HOUR) is not None
    row = await world.analysis.fetchrow("select * from analysis.scrapes where id = $1", scrape_id)
    assert row is not None
    assert (row["outcome"], row["scraped_at"], row["item"]) == ("fetched", ended_at, None)


@pytest.mark.parametrize("taken_by", ["attempt = attempt + 1", "state = 'aborting', attempt = attempt + 1"])
async def test_a_fenced_scrape_stores_nothing(world: World, store: S3Profiles, taken_by: str) -> None:
    async def take_away(scrape_id: UUID) -> None:
        await world.analysis.execute(f"update analysis.scrapes set {taken_by} where id = $1", scrape_id)

    scrape_id, memory_cache = await scrape_once(
        world, store, "kept.fenced", take_away, ended_at=datetime.now(UTC)
    )
    assert memory_cache.find(scrape_id) is None
    assert await store.find("kept.fenced", max_age=HOUR) is None
    assert await world.analysis.fetchval("select item is null from analysis.scrapes where id = $1", scrape_id)


async def test_a_profile_that_is_erased_while_it_is_scraped_is_not_stored(
    world: World, store: S3Profiles
) -> None:
    async def erase(_: UUID) -> None:
        await world.gateway.execute(_SUPPRESS, "kept.erased")

    scrape_id, memory_cache = await scrape_once(
        world, store, "kept.erased", erase, ended_at=datetime.now(UTC)
    )
    assert memory_cache.find(scrape_id) is None
    assert await store.find("kept.erased", max_age=HOUR) is None
    row = await world.analysis.fetchrow("select * from analysis.scrapes where id = $1", scrape_id)
    assert row is not None
    assert (row["outcome"], row["reason_code"], row["item"]) == ("unavailable", "profile_not_found", None)


class Interleaved:
    """The cache and the suppressions of cache_profile, which run steps of an erasure before and after each of its own."""

    def __init__(
        self, store: S3Profiles, suppressions: PostgresSuppressions, step: Callable[[], Awaitable[None]]
    ) -> None:
        self._store, self._suppressions, self._step = store, suppressions, step

    async def among(self, names: Collection[str]) -> frozenset[str]:
        await self._step()
        return await self._suppressions.among(names)

    async def find(self, username: str, *, max_age: timedelta) -> Item | None:
        return await self._store.find(username, max_age=max_age)

    async def put(self, username: str, item: Item, *, scraped_at: datetime) -> bool:
        await self._step()
        return await self._store.put(username, item, scraped_at=scraped_at)

    async def delete(self, username: str) -> None:
        await self._step()
        await self._store.delete(username)


@pytest.mark.parametrize(
    ("suppressed_at", "deleted_at"), list(itertools.combinations_with_replacement(range(5), 2))
)
async def test_an_erasure_wins_over_a_put_in_flight_at_every_step(
    world: World, store: S3Profiles, bucket: Bucket, suppressed_at: int, deleted_at: int
) -> None:
    """Steps of the put: look, put, look, forget. The erasure suppresses and then deletes, each before one of them or after all."""
    name, steps = f"kept.step{suppressed_at}{deleted_at}", itertools.count()
    objects = S3ErasableObjects(store.client.get, bucket=bucket.name)

    async def erase_up_to(at: int) -> None:
        if suppressed_at == at:
            await world.gateway.execute(_SUPPRESS, name)
        if deleted_at == at:
            await objects.erase_profile(name)

    async def step() -> None:
        await erase_up_to(next(steps))

    ports = Interleaved(store, PostgresSuppressions(AdminClient(world.analysis)), step)
    judged = judge_items([synthetic_item(name)], requested=name)
    await cache_profile(name, judged, datetime.now(UTC), ports, ports)
    for at in range(next(steps), 5):
        await erase_up_to(at)
    assert await store.find(name, max_age=HOUR) is None
