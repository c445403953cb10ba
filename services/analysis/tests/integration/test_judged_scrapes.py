"""What a scrape brings back is believed only if it is the profile that was asked for, whole."""

import asyncio

import pytest
from analysis_world import World, eventually
from oslira_analysis.infrastructure.s3_profiles import S3Profiles
from oslira_devstack.testing import Bucket

_SUPPRESS = "insert into identity.suppression (digest) select identity.suppression_digest(name) from unnest($1::text[]) as name"


async def cached_names(bucket: Bucket) -> set[str]:
    store = S3Profiles(bucket=bucket.name, endpoint_url=bucket.endpoint_url)
    client = await asyncio.to_thread(store.client.get)
    found = await asyncio.to_thread(lambda: client.list_objects_v2(Bucket=bucket.name, Prefix="profiles/"))
    await store.close()
    return {entry["Key"].split("/")[-1].removesuffix(".json") for entry in found.get("Contents", [])}


@pytest.mark.parametrize(
    "kind", ["other_item", "blocked_items", "login_wall", "posts_missing", "empty_dataset"]
)
async def test_no_verdict_comes_from_a_scrape_that_did_not_work(world: World, kind: str) -> None:
    name = f"judged.{kind}"
    await world.simulators.add_fault("apify", kind, times=1, username=name)
    await world.start_engine()
    run = await world.ended(await world.accept(name))
    assert (run["state"], run["error_code"]) == ("completed", None)
    assert (await world.apify())["starts"] == 2
    lead = await world.analysis.fetchrow("select * from analysis.leads where id = $1", run["lead_id"])
    assert lead is not None
    assert lead["username"] == name


async def test_what_the_last_attempt_saw_is_told_and_nothing_of_it_is_kept(
    world: World, bucket: Bucket
) -> None:
    await world.simulators.add_fault("apify", "other_item", username="judged.stranger")
    await world.start_engine()
    run_id = await world.accept("judged.stranger")

    async def was_handed_back() -> bool:
        query = "select reason_detail is not null and intent_at is null from analysis.scrapes where username = 'judged.stranger'"
        return await world.analysis.fetchval(query) or False

    await eventually(was_handed_back)
    await world.analysis.execute(
        "update analysis.scrapes set failures = 5, due_at = now(), not_before = null where username = 'judged.stranger'"
    )
    run = await world.ended(run_id)
    assert (run["state"], run["error_code"]) == ("failed", "scrape_failed")
    assert "another profile" in run["error_detail"]
    assert await world.analysis.fetchval("select count(*) from analysis.ai_usage_logs") == 0
    assert await world.analysis.fetchval("select count(*) from analysis.scrapes where item is not null") == 0
    assert not {name for name in await cached_names(bucket) if "judged.stranger" in name}


async def test_an_erased_id_is_refused_before_anything_is_stored(world: World, bucket: Bucket) -> None:
    """The profile has another name now; its item says the id that was erased."""
    await world.start_engine()
    await world.ended(await world.accept("erased.by.id"))
    profile_id = await world.analysis.fetchval(
        "select profile_id from analysis.scrapes where username = 'erased.by.id'"
    )
    assert profile_id
    await world.gateway.execute(_SUPPRESS, [f"id:{profile_id}"])
    run = await world.ended(await world.accept("erased.by.id", owner=await world.another_account()))
    assert (run["state"], run["error_code"]) == ("failed", "profile_suppressed")
    await world.analysis.execute("update analysis.scrapes set ended_at = '2020-01-01'")
    store = S3Profiles(bucket=bucket.name, endpoint_url=bucket.endpoint_url)
    await store.forget("erased.by.id")
    await store.close()
    run = await world.ended(await world.accept("erased.by.id", owner=await world.another_account()))
    assert (run["state"], run["error_code"]) == ("failed", "profile_suppressed")
    assert "erased.by.id" not in await cached_names(bucket)
    assert await world.analysis.fetchval("select count(*) from analysis.scrapes where item is not null") == 0
