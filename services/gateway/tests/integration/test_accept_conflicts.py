"""A request that Postgres aborts because of a deadlock is repeated: callers get no error."""

import asyncio
from typing import Any
from uuid import UUID

from oslira_shared.ids import new_id

_RUN = """
insert into analysis.runs (id, state, account_id, business_profile_id, username, type, price_credits, max_age_s)
values ($1, 'queued', $2, $3, $4, 'light', 1, 3600)
"""


async def test_a_bulk_that_a_deadlock_rolled_back_is_accepted_all_the_same(world: Any) -> None:
    made = world.user.made
    profile_id = str(made.business_profile_id)
    order = {"usernames": ["locked.a", "locked.b"], "type": "light", "business_profile_id": profile_id}
    async with world.analysis.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()

        async def insert(name: str) -> None:
            await connection.execute(_RUN, new_id(), made.account_id, UUID(profile_id), name)

        await insert("locked.b")
        asking = asyncio.create_task(
            world.http.post("/v1/analyses/bulk", headers=world.user.headers, json=order)
        )
        async with asyncio.timeout(20):
            while not await world.ledger.fetchval(  # it has inserted the first name, and waits for the second
                "select count(*) > 0 from pg_locks where not granted"
            ):
                await asyncio.sleep(0.02)
        await insert("locked.a")  # a deadlock: the bulk waits longest, and is rolled back
        await transaction.commit()
    answer = await asking
    assert answer.status_code == 202, answer.text
    bulk_id = answer.json()["bulk_id"]
    linked = await world.analysis.fetchval(
        "select count(*) from analysis.bulk_items where bulk_id = $1 and not owned", UUID(bulk_id)
    )
    assert linked == 2
