"""The cache when it is down, the lifecycle of its objects, and copies of profile pictures."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from analysis_world import World, eventually
from oslira_analysis.infrastructure.media.avatar_copier import AvatarCopier
from oslira_analysis.infrastructure.media.public_fetch import NotFetched, Picture
from oslira_analysis.infrastructure.media.s3_media import S3Media
from oslira_analysis.infrastructure.scraping.s3_profiles import S3Profiles
from oslira_devstack.ports import free_port
from oslira_devstack.testing import Bucket
from oslira_shared.postgres.clients import AdminClient

JPEG = b"\xff\xd8\xff picture"


def store_of(bucket: Bucket) -> S3Profiles:
    return S3Profiles(bucket=bucket.name, endpoint_url=bucket.endpoint_url)


async def test_a_cache_that_is_down_means_a_scrape_and_no_failure(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S3_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    await world.start_engine()
    first = await world.ended(await world.accept("no.cache"))
    assert (first["state"], first["is_from_cache"]) == ("completed", False)
    # The row keeps what the cache would not: another account's run soon after still pays for no second scrape.
    second = await world.ended(await world.accept("no.cache", owner=await world.another_account()))
    assert second["state"] == "completed"
    assert (await world.apify())["starts"] == 1


async def test_a_profile_that_is_too_old_for_this_run_is_scraped_again(world: World, bucket: Bucket) -> None:
    store = store_of(bucket)
    await world.start_engine()
    await world.ended(await world.accept("aged.profile"))
    client = await asyncio.to_thread(store.client.get)
    key = "profiles/v1/aged.profile.json"

    # The run doesn't wait for the cache: it takes the item beside the scoring.
    async def is_cached() -> bool:
        return await store.find("aged.profile", max_age=timedelta(hours=1)) is not None

    await eventually(is_cached, timeout_s=10)
    stored = await asyncio.to_thread(lambda: client.get_object(Bucket=bucket.name, Key=key))
    kept = await asyncio.to_thread(stored["Body"].read)
    await asyncio.to_thread(
        lambda: client.put_object(
            Bucket=bucket.name, Key=key, Body=kept, Metadata={"scraped-at": "2020-01-01T00:00:00+00:00"}
        )
    )
    await world.analysis.execute("update analysis.scrapes set ended_at = '2020-01-01'")
    run = await world.ended(await world.accept("aged.profile", owner=await world.another_account()))
    assert (run["state"], run["is_from_cache"]) == ("completed", False)
    assert (await world.apify())["starts"] == 2
    await store.close()


async def test_a_profile_younger_than_five_minutes_is_not_scraped_again(world: World) -> None:
    run_id = await world.accept("always.fresh", hint=False, max_age_s=0)
    assert (await world.run(run_id))["max_age_s"] == 300


@pytest.fixture
def media(environment: None, bucket: Bucket) -> S3Media:
    return S3Media(store_of(bucket).client.get, bucket=bucket.name)


async def lifecycle_of(bucket: Bucket) -> list[dict[str, Any]]:
    client = await asyncio.to_thread(store_of(bucket).client.get)
    found = await asyncio.to_thread(lambda: client.get_bucket_lifecycle_configuration(Bucket=bucket.name))
    return found["Rules"]


async def test_profiles_expire_after_two_days_and_other_rules_stay(media: S3Media, bucket: Bucket) -> None:
    client = await asyncio.to_thread(store_of(bucket).client.get)
    other = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 9}}
    await asyncio.to_thread(
        lambda: client.put_bucket_lifecycle_configuration(
            Bucket=bucket.name, LifecycleConfiguration={"Rules": [other]}
        )
    )
    for _ in range(2):
        await media.expire_profiles()
    rules = {rule["Filter"]["Prefix"]: rule["Expiration"]["Days"] for rule in await lifecycle_of(bucket)}
    assert rules == {"logs/": 9, "profiles/": 2}


async def test_a_picture_is_copied_to_the_media_bucket(world: World, media: S3Media, bucket: Bucket) -> None:
    asked: list[str] = []

    def fetch(url: str) -> Picture:
        asked.append(url)
        if "broken" in url:
            raise NotFetched("answered 404")
        return Picture(JPEG, "image/jpeg")

    copier = AvatarCopier(media, AdminClient(world.analysis), fetch=fetch)
    copier.copy_later("no.picture", None)
    copier.copy_later("broken.one", "https://cdn.example/broken.jpg")
    copier.copy_later("with.picture", "https://cdn.example/a.jpg")

    async def look() -> Any:
        return await world.analysis.fetchrow("select * from analysis.avatars")

    row = await eventually(look)
    await copier.close()
    assert (row["username"], row["content_type"]) == ("with.picture", "image/jpeg")
    assert await world.analysis.fetchval("select count(*) from analysis.avatars") == 1
    client = await asyncio.to_thread(store_of(bucket).client.get)
    stored = await asyncio.to_thread(lambda: client.get_object(Bucket=bucket.name, Key=row["key"]))
    assert (stored["Body"].read(), stored["ContentType"]) == (JPEG, "image/jpeg")
    assert row["key"].startswith("media/avatars/")


async def test_a_run_completes_although_its_picture_cannot_be_fetched(world: World) -> None:
    """The simulated profiles' pictures are at hosts that don't exist."""
    await world.start_engine()
    run = await world.ended(await world.accept("picture.less"))
    assert run["state"] == "completed"
    assert await world.analysis.fetchval("select count(*) from analysis.avatars") == 0
