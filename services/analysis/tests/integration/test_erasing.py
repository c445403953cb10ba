"""An erased profile: its data is deleted, and work in progress is neither paid for, stored nor charged."""

import asyncio
from uuid import UUID

import asyncpg
import pytest
from analysis_world import World, eventually
from oslira_devstack.testing import Bucket
from oslira_shared.bucket import bucket_client
from oslira_shared.contracts.analysis.v1 import ERASE, Erased, EraseRequest
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id

_SUPPRESS = "insert into identity.suppression (digest) select identity.suppression_digest(name) from unnest($1::text[]) as name"
_BEGIN = """
insert into identity.erasures (id, digest, username, state, due_at, watch_until)
select $1, identity.suppression_digest($2), $2, 'due', now(), now()
"""
_AVATAR = "insert into analysis.avatars (username, key, content_type) values ($1, $2, 'image/png')"
_BULK = """
insert into analysis.bulks (id, state, account_id, business_profile_id, type, price_credits, held_credits, rejected)
values ($1, 'open', $2, $3, 'light', 1, 0, $4)
"""


async def test_what_was_accepted_before_makes_no_start_and_no_lead(world: World) -> None:
    await world.analysis.execute("update analysis.slots set cap = 0 where kind = 'score'")
    await world.start_engine()
    scraped = await world.accept("erased.after.scrape")

    async def waits(run_id: object, waits_for: str) -> bool:
        query = "select waits_for = $2 from analysis.runs where id = $1 and state = 'waiting'"
        return await world.analysis.fetchval(query, run_id, waits_for) or False

    await eventually(lambda: waits(scraped, "score"))
    await world.analysis.execute("update analysis.slots set cap = 0 where kind = 'scrape'")
    unscraped = await world.accept("erased.before.scrape")
    await eventually(lambda: waits(unscraped, "scrape"))

    await world.gateway.execute(_SUPPRESS, ["erased.after.scrape", "erased.before.scrape"])
    await world.analysis.execute("update analysis.slots set cap = 10")
    run = await world.ended(scraped)
    assert (run["state"], run["error_code"], run["lead_id"]) == ("failed", "profile_not_found", None)
    assert await world.analysis.fetchval("select count(*) from analysis.leads") == 0
    assert await world.analysis.fetchval("select count(*) from analysis.analyses") == 0

    async def was_tried() -> bool:
        return await world.analysis.fetchval(
            "select bool_or(attempt > 0 and intent_at is null) from analysis.scrapes"
        )

    await eventually(was_tried)
    assert (await world.apify())["starts"] == 1
    assert (await world.run(unscraped))["finished_at"] is None  # the erasure ends it


async def test_one_that_is_accepted_in_that_moment_is_refused(world: World) -> None:
    await world.gateway.execute(_SUPPRESS, ["erased.just.now"])
    with pytest.raises(asyncpg.PostgresError) as refused:
        await world.accept("erased.just.now", hint=False)
    assert refused.value.sqlstate == "OS410"
    assert await world.analysis.fetchval("select count(*) from analysis.runs") == 0


def _line(number: int, text: str) -> dict[str, object]:
    return {"line": number, "text": text, "problem": "broken", "detail": "The line is broken."}


async def test_everything_of_the_profile_is_erased_and_other_profiles_stay(
    world: World, bucket: Bucket
) -> None:
    name, lookalike = "erased.for.good", "erased.for.good2"
    pictures = {
        name: "media/avatars/own",
        lookalike: "media/avatars/shared",
        "a.third": "media/avatars/shared",
    }
    await world.start_engine()
    run_ids = [await world.accept(one) for one in (name, lookalike)]
    for run_id in run_ids:
        await world.ended(run_id)
    client = await asyncio.to_thread(bucket_client, bucket.endpoint_url)
    for username, key in pictures.items():
        client.put_object(Bucket=bucket.name, Key=key, Body=b"x")
        await world.analysis.execute(_AVATAR, username, key)
    bulk_id = new_id()
    await world.analysis.execute("insert into analysis.runs (id, state) values ($1, 'closed')", bulk_id)
    lines = [_line(1, f"see {name.upper()}!"), _line(2, f"see {lookalike}!")]
    await world.analysis.execute(_BULK, bulk_id, world.account_id, world.business_profile_id, lines)

    def keys() -> set[str]:
        found = client.list_objects_v2(Bucket=bucket.name).get("Contents", [])
        return {entry["Key"] for entry in found}

    async def are_cached() -> bool:
        return keys() >= {f"profiles/v1/{one}.json" for one in (name, lookalike)}

    await eventually(are_cached)

    async def erase(erasure_id: UUID) -> Erased:
        return await world.bus.request(ERASE, EraseRequest(erasure_id=erasure_id), Erased)

    async def begun(username: str) -> UUID:
        await world.gateway.execute(_SUPPRESS, [username])
        await world.gateway.execute(_BEGIN, erasure_id := new_id(), username)
        return erasure_id

    first = await begun(name)
    erased = await erase(first)
    assert erased.is_finished
    assert {place: count for place, count in erased.removed.items() if count} == dict.fromkeys(
        ("runs", "leads", "analyses", "scrapes", "bulk_lists", "avatars", "cached_profiles"), 1
    )
    assert not any((await erase(first)).removed.values())
    # Of the other, whose name begins alike, everything is there.
    assert keys() == {f"profiles/v1/{lookalike}.json", "media/avatars/shared"}
    usernames = "select array_agg(username order by username) from analysis.runs where state = 'completed'"
    assert await world.analysis.fetchval(usernames) == ["-", lookalike]
    assert await world.analysis.fetchval("select array_agg(username) from analysis.leads") == [lookalike]
    kept = await world.analysis.fetchval("select rejected from analysis.bulks where id = $1", bulk_id)
    assert [line["text"] for line in kept] == ["", f"see {lookalike}!"]
    # A picture that a third profile has too stays with it.
    assert (await erase(await begun(lookalike))).removed["avatars"] == 1
    assert keys() == {"media/avatars/shared"}
    with pytest.raises(OsliraError) as unknown:
        await erase(new_id())
    assert unknown.value.code == "not_found"
    client.delete_object(Bucket=bucket.name, Key="media/avatars/shared")
    client.close()
