"""Apify, spoken by its own client."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from apify_client import ApifyClientAsync
from apify_client.errors import InvalidRequestError, UnauthorizedError

from .conftest import Sim

ACTOR = "apify/instagram-profile-scraper"


@pytest.fixture
def apify(sim: Sim) -> ApifyClientAsync:
    return ApifyClientAsync("token", api_url=f"{sim.url}/apify", max_retries=0)


async def _scraped(apify: ApifyClientAsync, *usernames: str) -> list[dict[str, object]]:
    run = await apify.actor(ACTOR).start(run_input={"usernames": list(usernames)})
    ended = await apify.run(run.id).wait_for_finish()
    assert ended is not None
    assert ended.status == "SUCCEEDED"
    return (await apify.dataset(run.default_dataset_id).list_items()).items


async def test_a_run_goes_from_ready_to_succeeded_and_costs_per_profile(
    sim: Sim, apify: ApifyClientAsync
) -> None:
    run = await apify.actor(ACTOR).start(
        run_input={"usernames": ["luna.bakes"]},
        run_timeout=timedelta(seconds=120),
        max_items=1,
        max_total_charge_usd=Decimal("0.05"),
    )
    assert run.status == "READY"
    assert (await apify.dataset(run.default_dataset_id).list_items()).total == 0
    ended = await apify.run(run.id).wait_for_finish(wait_duration=timedelta(seconds=10))
    assert ended is not None
    assert ended.status == "SUCCEEDED"
    assert ended.finished_at is not None
    assert ended.finished_at > ended.started_at
    assert ended.usage_total_usd == 0.0026
    assert ended.options.timeout_secs == 120
    page = await apify.dataset(run.default_dataset_id).list_items(limit=5)
    assert (page.total, page.count, page.offset, page.limit, page.desc) == (1, 1, 0, 5, False)
    assert page.items[0]["username"] == "luna.bakes"
    counters = (await sim.counters())["apify"]
    assert counters["starts_by_username"] == {"luna.bakes": 1}
    assert (counters["running"], counters["max_running"]) == (0, 1)


async def test_a_run_is_found_by_the_list_and_its_input_record(apify: ApifyClientAsync) -> None:
    before = datetime.now(UTC) - timedelta(seconds=60)
    started = [await apify.actor(ACTOR).start(run_input={"usernames": [name]}) for name in ("a", "b", "c")]
    listed = await apify.actor(ACTOR).runs().list(desc=True, limit=2, started_after=before)
    assert [item.id for item in listed.items] == [started[2].id, started[1].id]
    assert listed.total == 3
    assert "input" not in listed.items[0].model_dump()
    record = await apify.key_value_store(listed.items[0].default_key_value_store_id).get_record("INPUT")
    assert record is not None
    assert record["value"] == {"usernames": ["c"]}


async def test_a_large_input_arrives_though_the_client_compresses_it(apify: ApifyClientAsync) -> None:
    names = [f"profile.number.{number}" for number in range(500)]
    run = await apify.actor(ACTOR).start(run_input={"usernames": names})
    record = await apify.key_value_store(run.default_key_value_store_id).get_record("INPUT")
    assert record is not None
    assert record["value"] == {"usernames": names}


async def test_an_aborted_run_stays_aborted_and_holds_nothing(sim: Sim, apify: ApifyClientAsync) -> None:
    await sim.post("config", latencies={"scrape": "fixed:3000"})
    run = await apify.actor(ACTOR).start(run_input={"usernames": ["slow"]})
    waiting = asyncio.create_task(apify.run(run.id).wait_for_finish(wait_duration=timedelta(seconds=30)))
    await asyncio.sleep(0.1)
    assert (await apify.run(run.id).abort()).status == "ABORTED"
    ended = await asyncio.wait_for(waiting, 2)
    assert ended is not None
    assert ended.status == "ABORTED"
    assert (await apify.run(run.id).abort()).status == "ABORTED"
    assert (await apify.dataset(run.default_dataset_id).list_items()).items == []
    counters = (await sim.counters())["apify"]
    assert (counters["aborts"], counters["running"], counters["max_running"]) == (1, 0, 1)


async def test_a_run_past_its_time_limit_ends_timed_out(sim: Sim, apify: ApifyClientAsync) -> None:
    await sim.post("config", latencies={"scrape": "fixed:500"})
    run = await apify.actor(ACTOR).start(run_input={"usernames": ["slow"]}, run_timeout=timedelta(seconds=1))
    ended = await apify.run(run.id).wait_for_finish()
    assert ended is not None
    assert ended.status == "TIMED-OUT"


async def test_the_most_runs_at_once_is_counted(sim: Sim, apify: ApifyClientAsync) -> None:
    await asyncio.gather(*(_scraped(apify, f"name{number}") for number in range(7)))
    counters = (await sim.counters())["apify"]
    assert counters["starts"] == 7
    assert 2 <= counters["max_running"] <= 7
    assert counters["running"] == 0


@pytest.mark.parametrize(
    ("username", "error"),
    [("missing-x", "not_found"), ("private-x", "no_items"), ("restricted-x", "Restricted profile")],
)
async def test_some_names_give_error_items_in_a_succeeded_run(
    apify: ApifyClientAsync, username: str, error: str
) -> None:
    assert [item["error"] for item in await _scraped(apify, username)] == [error]


async def test_a_locked_name_gives_a_private_profile_without_posts(apify: ApifyClientAsync) -> None:
    [item] = await _scraped(apify, "locked-x")
    assert item["private"] is True
    assert item["latestPosts"] == []


async def test_names_urls_and_at_signs_mean_the_same_profile(apify: ApifyClientAsync) -> None:
    items = await _scraped(apify, "Luna.Bakes", "@luna.bakes", "https://www.instagram.com/luna.bakes/")
    assert items[0] == items[1] == items[2]


async def test_no_token_and_no_usernames_are_refused(sim: Sim, apify: ApifyClientAsync) -> None:
    with pytest.raises(InvalidRequestError):
        await apify.actor(ACTOR).start(run_input={})
    with pytest.raises(UnauthorizedError):
        await (
            ApifyClientAsync("", api_url=f"{sim.url}/apify", max_retries=0)
            .actor(ACTOR)
            .start(run_input={"usernames": ["a"]})
        )
    assert (await sim.counters())["apify"]["starts"] == 0


async def test_an_unknown_run_is_none(apify: ApifyClientAsync) -> None:
    assert await apify.run("nowhere").get() is None
