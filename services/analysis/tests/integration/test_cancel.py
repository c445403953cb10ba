"""Cancelling: immediate, at every step, and without an effect on runs that share the scrape."""

import asyncio
import time
from uuid import UUID

from analysis_world import World, eventually
from oslira_shared.contracts.analysis import v1
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id

# From the answer to the last closed connection.
MOST_S = 1.0


async def cancel(world: World, run_id: UUID, account_id: UUID | None = None) -> str:
    request = v1.CancelRequest(run_id=run_id, account_id=account_id or world.account_id)

    async def ask() -> v1.Cancelled | OsliraError | None:
        try:
            return await world.bus.request(v1.CANCEL, request, v1.Cancelled)
        except OsliraError as error:
            return None if error.code == "unavailable" else error  # the engine is not up yet

    answer = await eventually(ask)
    if isinstance(answer, OsliraError):
        raise answer
    return answer.status


async def in_state(world: World, run_id: UUID, state: str) -> None:
    async def look() -> bool:
        return (await world.run(run_id))["state"] == state

    await eventually(look)


async def test_a_run_that_waits_for_a_slot_ends_and_its_scrape_with_it(world: World) -> None:
    await world.start_engine()
    await world.analysis.execute("update analysis.slots set cap = 0")
    run_id = await world.accept("waits.long")
    await in_state(world, run_id, "waiting")
    assert await cancel(world, run_id) == "cancelled"
    run = await world.run(run_id)
    assert [step["step"] for step in run["steps"]] == ["queued", "waiting", "cancelled"]
    scrape = await world.analysis.fetchrow("select * from analysis.scrapes where id = $1", run["scrape_id"])
    assert scrape is not None
    assert (scrape["state"], scrape["outcome"]) == ("ended", "aborted")
    assert (await world.apify())["starts"] == 0


async def test_a_running_scrape_is_aborted_and_its_slot_freed(world: World) -> None:
    await world.simulators.configure(speed=1.0)
    await world.start_engine()
    run_id = await world.accept("scraped.slowly")

    async def started() -> bool:
        return (await world.apify())["starts"] == 1

    await eventually(started)
    assert await cancel(world, run_id) == "cancelled"

    async def aborted() -> bool:
        return await world.analysis.fetchval("select outcome = 'aborted' from analysis.scrapes") is True

    await eventually(aborted, timeout_s=5)
    assert (await world.apify())["aborts"] == 1


async def test_cancelling_one_of_several_leaves_the_others_their_scrape(world: World) -> None:
    await world.simulators.configure(speed=3.0)
    await world.start_engine()
    others = [new_id() for _ in range(3)]
    for account_id in others:
        await world.gateway.execute("insert into identity.accounts (id, name) values ($1, 'x')", account_id)
    mine = await world.accept("shared.by.four")
    await in_state(world, mine, "scraping")
    theirs = [await world.accept("shared.by.four", account_id=one) for one in others]
    for run_id in theirs:
        await in_state(world, run_id, "scraping")
    await cancel(world, mine)
    assert await cancel(world, theirs[0], others[0]) == "cancelled"
    # Their accounts have no such business profile: they fail there, having been scraped.
    ended = [await world.ended(run_id) for run_id in theirs[1:]]
    assert {run["error_code"] for run in ended} == {"business_profile_not_found"}
    apify = await world.apify()
    assert (apify["starts"], apify["aborts"]) == (1, 0)
    # Who had it promoted pays for it, though cancelled.
    assert (await world.run(mine))["scrape_cost_nano_usd"] > 0


async def test_all_leave_at_once_and_the_scrape_is_aborted_once(world: World) -> None:
    await world.simulators.configure(speed=1.0)
    await world.start_engine()
    accounts = [new_id() for _ in range(8)]
    for account_id in accounts:
        await world.gateway.execute("insert into identity.accounts (id, name) values ($1, 'x')", account_id)
    runs = [await world.accept("left.by.all", account_id=one) for one in accounts]
    for run_id in runs:
        await in_state(world, run_id, "scraping")
    await asyncio.gather(*(cancel(world, *pair) for pair in zip(runs, accounts, strict=True)))

    async def ended() -> bool:
        return await world.analysis.fetchval("select bool_and(state = 'ended') from analysis.scrapes")

    await eventually(ended)
    assert (await world.apify())["aborts"] == 1


async def test_a_cancel_in_the_middle_of_a_call_closes_the_call_and_keeps_its_record(world: World) -> None:
    await world.simulators.configure(latencies={"model": "fixed:2400"})  # a minute at the tests' speed
    await world.start_engine()
    run_id = await world.accept("called.long", kind="deep")

    async def calls() -> dict[str, int]:
        return (await world.simulators.counters())["openai"]

    async def all_are_asked() -> bool:
        return (await calls())["running"] == 3

    await eventually(all_are_asked)
    assert await cancel(world, run_id) == "cancelled"
    answered = time.monotonic()

    async def all_are_closed() -> bool:
        return (await calls())["running"] == 0

    await eventually(all_are_closed)
    assert time.monotonic() - answered <= MOST_S
    assert (await calls())["abandoned"] == 3
    # Requests without an answer: the cost is unknown, and the records show that.
    books = await world.analysis.fetch("select state from analysis.ai_usage_logs where run_id = $1", run_id)
    assert [row["state"] for row in books] == ["booked"] * 3
    assert await world.analysis.fetchval("select count(*) from analysis.call_answers") == 0
    assert (await world.run(run_id))["state"] == "cancelled"


async def test_an_ended_run_is_unchanged_and_another_accounts_run_is_not_found(world: World) -> None:
    await world.start_engine()
    run_id = await world.accept("over.already")
    await world.ended(run_id)
    assert await cancel(world, run_id) == "completed"
    for foreign in ((run_id, new_id()), (new_id(), world.account_id)):
        try:
            await cancel(world, *foreign)
        except OsliraError as error:
            assert error.code == "run_not_found"  # noqa: PT017  # asyncio's own raises works on the answer
        else:
            raise AssertionError("a foreign run was cancelled")
