"""A profile that is erased while work on it is under way: nothing more is paid for it, nothing of it is made, nobody is charged."""

import asyncpg
import pytest
from analysis_world import World, eventually

_SUPPRESS = "insert into identity.suppression (digest) select identity.suppression_digest(name) from unnest($1::text[]) as name"


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
    assert (run["state"], run["error_code"], run["lead_id"]) == ("failed", "profile_suppressed", None)
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
