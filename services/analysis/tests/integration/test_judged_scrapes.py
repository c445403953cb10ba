"""A scraped item is used only if it is the complete profile that was requested."""

import asyncio

import pytest
from analysis_world import World, eventually
from oslira_analysis.infrastructure.scraping.s3_profiles import S3Profiles
from oslira_devstack.testing import Bucket
from oslira_shared.contracts.analysis.v1 import ERASE, Erased, EraseRequest
from oslira_shared.ids import new_id
from oslira_simulators.synthetic import synthetic_item

_SUPPRESS = "insert into identity.suppression (digest) select identity.suppression_digest(name) from unnest($1::text[]) as name"

_BEGIN = """
insert into identity.erasures (id, digest, username, state, due_at, watch_until)
select $1, identity.suppression_digest($2), $2, 'due', now(), now()
"""


async def cached_names(bucket: Bucket) -> set[str]:
    store = S3Profiles(bucket=bucket.name, endpoint_url=bucket.endpoint_url)
    client = await asyncio.to_thread(store.client.get)
    found = await asyncio.to_thread(lambda: client.list_objects_v2(Bucket=bucket.name, Prefix="profiles/"))
    await store.close()
    return {entry["Key"].split("/")[-1].removesuffix(".json") for entry in found.get("Contents", [])}


@pytest.mark.parametrize(
    "kind", ["other_item", "blocked_items", "login_wall", "posts_missing", "empty_dataset"]
)
async def test_a_failed_scrape_gives_no_final_result(world: World, kind: str) -> None:
    name = f"judged.{kind}"
    await world.simulators.add_fault("apify", kind, times=1, username=name)
    await world.start_engine()
    run = await world.ended(await world.accept(name))
    assert (run["state"], run["error_code"]) == ("completed", None)
    assert (await world.apify())["starts"] == 2
    lead = await world.analysis.fetchrow("select * from analysis.leads where id = $1", run["lead_id"])
    assert lead is not None
    assert lead["username"] == name


async def test_the_last_attempts_reason_is_reported_and_its_item_not_stored(
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


async def test_an_erased_id_is_rejected_before_anything_is_stored(world: World, bucket: Bucket) -> None:
    """The profile has another name now; its item says the id that was erased."""
    await world.start_engine()
    await world.ended(await world.accept("erased.by.id"))
    profile_id = await world.analysis.fetchval(
        "select profile_id from analysis.scrapes where username = 'erased.by.id'"
    )
    assert profile_id
    await world.gateway.execute(_SUPPRESS, [f"id:{profile_id}"])
    run = await world.ended(await world.accept("erased.by.id", owner=await world.another_account()))
    assert (run["state"], run["error_code"]) == ("failed", "profile_not_found")
    await world.analysis.execute("update analysis.scrapes set ended_at = '2020-01-01'")
    store = S3Profiles(bucket=bucket.name, endpoint_url=bucket.endpoint_url)
    await store.delete("erased.by.id")
    await store.close()
    run = await world.ended(await world.accept("erased.by.id", owner=await world.another_account()))
    assert (run["state"], run["error_code"]) == ("failed", "profile_not_found")
    assert "erased.by.id" not in await cached_names(bucket)
    assert await world.analysis.fetchval("select count(*) from analysis.scrapes where item is not null") == 0


async def test_an_erasure_reaches_the_profile_under_its_other_names(world: World, bucket: Bucket) -> None:
    await world.start_engine()
    await world.ended(await world.accept("erased.once"))
    await world.ended(await world.accept("erased.renamed"))
    own_id = "select profile_id from analysis.scrapes where username = 'erased.once'"
    await world.analysis.execute(
        f"update analysis.scrapes set profile_id = ({own_id}), item = '{{}}' where username = 'erased.renamed'"
    )

    async def are_cached() -> bool:
        return await cached_names(bucket) >= {"erased.once", "erased.renamed"}

    await eventually(are_cached)
    profile_id = await world.analysis.fetchval(own_id)
    await world.gateway.execute(_SUPPRESS, ["erased.once"])
    await world.gateway.execute(_BEGIN, erasure_id := new_id(), "erased.once")
    erased = await world.bus.request(ERASE, EraseRequest(erasure_id=erasure_id), Erased)
    assert erased.removed["cached_profiles"] == 2
    assert not await cached_names(bucket) & {"erased.once", "erased.renamed"}
    assert await world.analysis.fetchval("select count(*) from analysis.scrapes where item is not null") == 0
    assert await world.analysis.fetchval("select identity.is_suppressed($1)", f"id:{profile_id}")


async def test_only_an_open_erasure_suppresses_ids(world: World) -> None:
    await world.analysis.execute("select identity.suppress_ids($1, $2)", new_id(), ["77"])
    assert not await world.analysis.fetchval("select identity.is_suppressed('id:77')")


async def test_a_renamed_profile_is_scored_and_the_result_says_so(world: World) -> None:
    """It was fetched under this name before; now the scraper finds its id under another."""
    await world.start_engine()
    await world.ended(await world.accept("judged.before"))
    renamed = synthetic_item("not.judged.before")["id"]
    await world.analysis.execute(
        "update analysis.scrapes set profile_id = $1, ended_at = '2020-01-01' where username = 'judged.before'",
        renamed,
    )
    await world.simulators.add_fault("apify", "other_item", username="judged.before")
    run_id = await world.accept("judged.before", owner=await world.another_account(), hint=False)
    await world.analysis.execute("update analysis.runs set is_cache_bypassed = true where id = $1", run_id)
    run = await world.ended(run_id)
    assert (run["state"], run["error_code"]) == ("completed", None)
    result = await world.analysis.fetchval("select result from analysis.analyses where run_id = $1", run_id)
    assert result["renamed_to"] == "not.judged.before"
    unchanged = "select result from analysis.analyses where run_id <> $1 limit 1"
    assert (await world.analysis.fetchval(unchanged, run_id))["renamed_to"] is None
