"""Costs, read as the service from the views of analysis: they cover all accounts, and users may not read dollars."""

from collections.abc import Sequence
from typing import Final

from oslira_shared.postgres.clients import AdminClient

from oslira_gateway.insights.costs import Spent
from oslira_gateway.insights.period import Period

_SUMS: Final = """
count(*) as runs, coalesce(sum(c.call_count), 0)::bigint as calls, coalesce(sum(c.input_tokens), 0)::bigint as input_tokens,
coalesce(sum(c.cached_tokens), 0)::bigint as cached_tokens, coalesce(sum(c.output_tokens), 0)::bigint as output_tokens,
coalesce(sum(c.charged_credits), 0)::bigint as credits, coalesce(sum(c.ai_cost_nano_usd), 0)::bigint as ai_cost_nano_usd,
coalesce(sum(c.scrape_cost_nano_usd), 0)::bigint as scrape_cost_nano_usd
"""
_FROM: Final = "from analysis.run_costs c where c.finished_at >= $1 and c.finished_at < $2"
_COSTLIEST: Final = "sum(c.ai_cost_nano_usd + c.scrape_cost_nano_usd) desc, 1, 2, 3"
_IN_ALL: Final = (
    f"select null::uuid as account_id, null::uuid as user_id, null::text as type, {_SUMS} {_FROM}"
)
_BY_ACCOUNT: Final = f"""
select c.account_id, null::uuid as user_id, null::text as type, {_SUMS} {_FROM}
 group by c.account_id order by {_COSTLIEST} limit $3
"""
_BY_USER: Final = f"""
select c.account_id, c.user_id, null::text as type, {_SUMS} {_FROM}
 group by c.account_id, c.user_id order by {_COSTLIEST} limit $3
"""
_BY_TYPE: Final = f"""
select null::uuid as account_id, null::uuid as user_id, c.type, {_SUMS} {_FROM} group by c.type order by {_COSTLIEST}
"""


class PostgresLedger:
    """Implements Ledger."""

    def __init__(self, client: AdminClient) -> None:
        self._client = client

    async def by_account(self, period: Period, *, limit: int) -> Sequence[Spent]:
        return await self._read(_BY_ACCOUNT, period, limit)

    async def by_user(self, period: Period, *, limit: int) -> Sequence[Spent]:
        return await self._read(_BY_USER, period, limit)

    async def by_type(self, period: Period) -> Sequence[Spent]:
        return await self._read(_BY_TYPE, period)

    async def in_all(self, period: Period) -> Spent:
        (row,) = await self._read(_IN_ALL, period)
        return row

    async def _read(self, statement: str, period: Period, *more: int) -> Sequence[Spent]:
        async with self._client.connection() as connection:
            return [
                Spent(**dict(row))
                for row in await connection.fetch(statement, period.start, period.end, *more)
            ]
