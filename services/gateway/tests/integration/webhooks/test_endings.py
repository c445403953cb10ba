"""Lost messages: the ends are read from rows; each is sent once, and only to subscribed endpoints."""

from typing import Any

import pytest_asyncio
from oslira_gateway.webhooks.event import EventType
from oslira_gateway.webhooks.sweep_endings import SweepEndings
from receiver import receiving


@pytest_asyncio.fixture(autouse=True)
async def marks_at_now(hooks: Any) -> None:
    await hooks.pool.execute("update identity.webhook_cursors set finished_at = now() - interval '1 hour'")


async def test_an_end_without_a_message_is_found_once(hooks: Any) -> None:
    person = await hooks.person()
    sweep = SweepEndings(hooks.endings, older_than_s=0)
    async with receiving() as receiver:
        endpoint, _ = await hooks.endpoint(person, receiver)
        told, lost = await hooks.ended_run(person, "failed"), await hooks.ended_run(person, "cancelled")
        await hooks.record.run(told)
        await sweep()
        await sweep()
        rows = await hooks.pool.fetch(
            "select event_type, body::jsonb -> 'data' ->> 'run_id' as run_id from identity.webhook_deliveries"
            " where endpoint_id = $1 order by event_type",
            endpoint.endpoint_id,
        )
        assert [tuple(row) for row in rows] == [("run.cancelled", str(lost)), ("run.failed", str(told))]
        # The mark has passed them: a message that comes late finds them told.
        assert list(await hooks.record.run(lost)) == []
        assert (
            await hooks.endings.missed("runs", until=await hooks.endings.horizon(older_than_s=0), limit=9)
            == []
        )


async def test_pages_follow_each_other_without_a_gap(hooks: Any) -> None:
    person = await hooks.person()
    async with receiving() as receiver:
        endpoint, _ = await hooks.endpoint(person, receiver)
        # 250 that ended at the same moment: more than a page.
        await hooks.analysis.execute(
            "insert into analysis.runs (id, state, account_id, business_profile_id, type, username, price_credits, max_age_s,"
            " finished_at) select gen_random_uuid(), 'completed', $1, $1, 'light', 'x', 1, 60, now()"
            " from generate_series(1, 250)",
            person.made.account_id,
        )
        await SweepEndings(hooks.endings, older_than_s=0)()
        assert await hooks.states(endpoint) == ["pending"] * 250


async def test_what_is_too_young_is_left_for_the_message(hooks: Any) -> None:
    person = await hooks.person()
    async with receiving() as receiver:
        endpoint, _ = await hooks.endpoint(person, receiver)
        await hooks.ended_run(person)
        await SweepEndings(hooks.endings, older_than_s=60)()
        assert await hooks.states(endpoint) == []
        await SweepEndings(hooks.endings, older_than_s=0)()
        assert await hooks.states(endpoint) == ["pending"]


async def test_an_endpoint_gets_only_its_accounts_later_and_subscribed_events(
    hooks: Any,
) -> None:
    person, other = await hooks.person(), await hooks.person()
    async with receiving() as receiver:
        before = await hooks.ended_run(person, ago_s=5)
        endpoint, _ = await hooks.endpoint(person, receiver)
        narrow, _ = await hooks.create(
            person.member, url=receiver.url, event_types=[EventType.RUN_FAILED], description=None
        )
        assert list(await hooks.record.run(before)) == []
        assert list(await hooks.record.run(await hooks.ended_run(other))) == []
        assert list(await hooks.record.run(await hooks.ended_run(person))) == [endpoint.endpoint_id]
        both = await hooks.record.run(await hooks.ended_run(person, "failed"))
        assert set(both) == {endpoint.endpoint_id, narrow.endpoint_id}
        await SweepEndings(hooks.endings, older_than_s=0)()
        assert await hooks.states(endpoint) == ["pending"] * 2


async def test_a_bulks_end_is_sent_with_its_counts(hooks: Any) -> None:
    person = await hooks.person()
    async with receiving() as receiver:
        endpoint, _ = await hooks.endpoint(person, receiver)
        bulk_id = await hooks.ended_run(person)  # a bulk's id is taken among runs as well
        await hooks.analysis.execute(
            "insert into analysis.bulks (id, state, account_id, business_profile_id, type, price_credits, held_credits, finished_at)"
            " values ($1, 'ended', $2, $2, 'light', 1, 1, now())",
            bulk_id,
            person.made.account_id,
        )
        await hooks.analysis.execute(
            "insert into analysis.bulk_items (bulk_id, line, account_id, run_id, owned) values ($1, 1, $2, $1, true)",
            bulk_id,
            person.made.account_id,
        )
        assert list(await hooks.record.bulk(bulk_id)) == [endpoint.endpoint_id]
        await SweepEndings(hooks.endings, older_than_s=0)()
        body = await hooks.pool.fetchval(
            "select body::jsonb from identity.webhook_deliveries where endpoint_id = $1 and event_type = 'bulk.ended'",
            endpoint.endpoint_id,
        )
        assert body["data"]["items"] == {"total": 1, "completed": 1, "failed": 0, "cancelled": 0}
        assert body["data"]["credits"] == {"charged": 1, "released": 0}
