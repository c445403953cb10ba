"""The daily grant that limits the cost of anonymous callers."""

import asyncio
from uuid import UUID, uuid4

from granting_ledger import GrantingLedger
from oslira_credits.infrastructure.postgres_grant_to_anonymous import GrantToAnonymous
from oslira_devstack.databases import Database
from oslira_shared.postgres.clients import Pool, open_pool

_YESTERDAYS = """
select credits.grant($1, 50, 'anonymous', 'anonymous:' || ((now() at time zone 'UTC')::date - 1),
                     date_trunc('day', now(), 'UTC'))
"""
_EXPIRES_AT_MIDNIGHT = """
select expires_at = date_trunc('day', now(), 'UTC') + interval '1 day' from credits.grants
 where account_id = $1 order by expires_at desc limit 1
"""


async def test_it_is_made_once_a_day_and_what_yesterday_left_does_not_add_to_it(database: Database) -> None:
    async with await open_pool(database.url("credits_service"), service="credits") as pool:
        account_id = uuid4()
        await pool.execute(_YESTERDAYS, account_id)
        assert await _available(pool, account_id) == 0
        grant = GrantToAnonymous(pool, account_id, 50)
        made = await asyncio.gather(*(grant() for _ in range(5)))
        assert sum(made) == 1
        assert await _available(pool, account_id) == 50
        assert await pool.fetchval(_EXPIRES_AT_MIDNIGHT, account_id)


async def test_none_is_made_of_nothing(database: Database) -> None:
    async with await open_pool(database.url("credits_service"), service="credits") as pool:
        assert not await GrantToAnonymous(pool, uuid4(), 0)()
        assert await pool.fetchval("select count(*) from credits.grants") == 0


async def _available(pool: Pool, account_id: UUID) -> int:
    return (await GrantingLedger(pool).account_balance(account_id)).balance.available
