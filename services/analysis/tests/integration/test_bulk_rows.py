"""Bulks in the database: one end in every race; an id is either a bulk's or closed."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest_asyncio
from oslira_analysis.application.bulk_ports import BulkChanges
from oslira_analysis.infrastructure.bus.announcer import snapshot_of
from oslira_analysis.infrastructure.postgres.bulks import PostgresBulks
from oslira_analysis.infrastructure.postgres.listings import PostgresListings
from oslira_devstack.databases import Database
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import AdminClient, Pool, open_pool


@dataclass
class Rows:
    """The tables alone: no engine runs here."""

    gateway: Pool
    analysis: Pool
    credits: Pool
    account_id: UUID

    @property
    def bulks(self) -> PostgresBulks:
        return PostgresBulks(AdminClient(self.analysis))

    async def outcome(self, hold_id: UUID) -> tuple[str, int]:
        row = await self.credits.fetchrow(
            "select state, capture_credits from analysis.hold_outcome($1)", hold_id
        )
        assert row is not None
        return row["state"], row["capture_credits"]

    async def accept(self, bulk_id: UUID, names: list[str], *, most_runs: int = 1_000) -> Any:
        profile_id = UUID(int=7)
        return await self.gateway.fetchrow(
            "select * from analysis.accept_bulk($1, $2, $3, $4, 'light', 1, $5, $5, $6, 'r', $7, $8, $9, '[]', null, null,"
            " now() - $6::interval, null, null)",
            bulk_id,
            self.account_id,
            new_id(),
            profile_id,
            most_runs,
            timedelta(hours=24),
            list(range(1, len(names) + 1)),
            names,
            [new_id() for _ in names],
        )

    async def end(self, run_id: UUID, state: str = "completed") -> None:
        await self.analysis.execute(
            "update analysis.runs set state = $2, seq = seq + 1 where id = $1", run_id, state
        )


@pytest_asyncio.fixture
async def rows(database: Database) -> AsyncGenerator[Rows]:
    async with (
        await open_pool(database.url("gateway_service"), service="test") as gateway,
        await open_pool(database.url("analysis_service"), service="test") as analysis,
        await open_pool(database.url("credits_service"), service="test") as credits_,
    ):
        yield Rows(gateway, analysis, credits_, new_id())


async def test_runs_that_end_at_once_close_their_bulk_exactly_once(rows: Rows) -> None:
    for _ in range(10):
        bulk_id = new_id()
        accepted = await rows.accept(bulk_id, [f"twin{bulk_id.hex[-6:]}{n}" for n in range(4)])

        async def end(run_id: UUID) -> BulkChanges:
            await rows.end(run_id)
            return await rows.bulks.close_listing([run_id])

        looks = await asyncio.gather(*(end(run_id) for run_id in accepted["owned_run_ids"]))
        assert sum(len(look.ended) for look in looks) == 1
        assert await rows.outcome(bulk_id) == ("completed", 4)


async def test_an_id_is_either_a_bulks_or_closed_in_any_order(rows: Rows) -> None:
    for number in range(20):
        bulk_id = new_id()
        accepted, (state, _) = await asyncio.gather(
            rows.accept(bulk_id, [f"raced.{number}"]), rows.outcome(bulk_id)
        )
        assert (accepted["outcome"], state) in {("accepted", "unfinished"), ("closed", "unknown")}
        assert (await rows.outcome(bulk_id))[0] == state


async def test_two_bulks_of_the_same_names_share_the_runs_and_never_wait_for_each_other(rows: Rows) -> None:
    names = [f"both{number}" for number in range(200)]
    one, two = await asyncio.gather(rows.accept(new_id(), names), rows.accept(new_id(), names[::-1]))
    assert len(one["owned_run_ids"]) + len(two["owned_run_ids"]) == 200
    assert one["linked_count"] + two["linked_count"] == 200


async def test_a_run_is_published_to_every_bulk_that_lists_it(rows: Rows) -> None:
    own, linking = new_id(), new_id()
    accepted = await rows.accept(own, ["listed.twice", "listed.once"])
    await rows.accept(linking, ["listed.twice"])
    twice, once = accepted["owned_run_ids"]
    if (
        await rows.analysis.fetchval("select username from analysis.runs where id = $1", twice)
        == "listed.once"
    ):
        twice, once = once, twice
    listed = await PostgresListings(AdminClient(rows.analysis)).of([twice, once, new_id()])
    assert listed == {twice: sorted([own, linking]), once: [own]}
    row = await rows.analysis.fetchrow("select * from analysis.runs where id = $1", twice)
    assert row is not None
    assert snapshot_of(dict(row), listed[twice]).bulk_ids == sorted([own, linking])


async def test_a_thousand_names_are_taken_in_the_lists_order_up_to_what_is_paid_for(rows: Rows) -> None:
    bulk_id = new_id()
    accepted = await rows.accept(bulk_id, [f"many{number}" for number in range(1_000)], most_runs=900)
    assert (len(accepted["owned_run_ids"]), accepted["skipped_lines"]) == (900, list(range(901, 1_001)))
    again = await rows.accept(bulk_id, ["other"])
    assert again["outcome"] == "exists"
    changes = await rows.bulks.cancel(bulk_id, rows.account_id)
    assert changes is not None
    assert [bulk.bulk_id for bulk in changes[1].ended] == [bulk_id]
    assert len(changes[1].effects.runs) == 900
    assert await rows.outcome(bulk_id) == ("completed", 0)
    assert await rows.bulks.cancel(bulk_id, new_id()) is None


async def test_the_sweep_repeats_a_check_that_a_crash_prevented(rows: Rows) -> None:
    bulk_id = new_id()
    accepted = await rows.accept(bulk_id, ["crashed"])
    await rows.end(accepted["owned_run_ids"][0])
    await rows.analysis.execute("update analysis.bulks set due_at = now()")
    assert [bulk.bulk_id for bulk in (await rows.bulks.due()).ended] == [bulk_id]
    # It is published again until it is settled.
    await rows.analysis.execute("update analysis.bulks set due_at = now()")
    assert [bulk.bulk_id for bulk in (await rows.bulks.due()).ended] == [bulk_id]
