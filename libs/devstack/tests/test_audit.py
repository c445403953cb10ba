"""The audit names holds without runs, and no hold whose run may still come."""

from uuid import UUID

import pytest
from oslira_credits.infrastructure.audit import ledger_differences
from oslira_devstack.databases import Database
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import open_pool


async def held(database: Database, *, life_s: float, change: str = "attempt = attempt") -> UUID:
    """A hold whose accept never happened."""
    hold_id, account_id = new_id(), new_id()
    async with await open_pool(database.url("credits_service"), service="test", min_size=1) as credits_:
        await credits_.execute(
            "select credits.grant($1, 10, 'pack', $2)", account_id, f"migration:{account_id}"
        )
        await credits_.execute(
            "select credits.hold($1, $2, 3, make_interval(secs => $3))", hold_id, account_id, life_s
        )
        await credits_.execute(f"update credits.holds set {change} where id = $1", hold_id)
    return hold_id


async def differences(database: Database) -> list[tuple[str, str]]:
    async with (
        await open_pool(database.url("credits_service"), service="test", min_size=1) as pool,
        pool.acquire() as connection,
    ):
        return [(one.what, one.id) for one in await ledger_differences(connection, settling_s=0)]


async def test_a_hold_in_its_first_life_is_no_difference(database: Database) -> None:
    await held(database, life_s=120)
    assert await differences(database) == []


@pytest.mark.parametrize(
    ("life_s", "change"),
    [
        (0, "attempt = attempt"),
        # Looked at, so its run was asked for, and it is still open.
        (120, "attempt = 1"),
        # Swept for ten minutes without a claim: each sweep moves due_at on.
        (120, "due_at = created_at + interval '10 minutes'"),
    ],
)
async def test_a_hold_without_a_run_that_outlives_its_first_life_is_one(
    database: Database, life_s: float, change: str
) -> None:
    hold_id = await held(database, life_s=life_s, change=change)
    assert await differences(database) == [("hold_without_unfinished_run", str(hold_id))]
