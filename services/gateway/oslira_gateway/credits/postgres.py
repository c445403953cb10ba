"""Statements under row-level security as the user, and the tables that billing grants by."""

from collections.abc import Sequence
from typing import Final

from oslira_shared.postgres.clients import Pool, UserClient

from oslira_gateway.credits.ports import SoldPack, SoldPlan
from oslira_gateway.credits.transaction import ALWAYS, Span, Transaction
from oslira_gateway.identity.caller import Member

# Credits that were spent of a revoked grant become its debt: both together are what was used.
_PAGE: Final = """
select s.transfer_id as transaction_id, s.position, t.kind, t.transaction_type as type, t.description, s.change,
       coalesce(e.spent, 0)::bigint as spent, s.available, s.held, s.frozen, s.debt, t.hold_id, s.created_at
  from credits.statement_lines s
  join credits.transfers t on t.id = s.transfer_id
  left join lateral (
    select sum(e.amount) as spent from credits.entries e join credits.balances b on b.id = e.balance_id
     where e.transfer_id = s.transfer_id and b.kind in ('spent', 'debt')
  ) e on true
 where s.account_id = $1 and ($2::bigint is null or s.position < $2)
   and ($4::timestamptz is null or s.created_at >= $4) and ($5::timestamptz is null or s.created_at < $5)
 order by s.position desc limit $3
"""
_PLANS: Final = (
    "select plan, monthly_credits, trial_credits from billing.plans order by monthly_credits, plan"
)
_PACKS: Final = "select pack, credits from billing.packs order by credits, pack"


class PostgresStatements:
    """Implements Statements."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(
        self, member: Member, *, before: int | None, limit: int, span: Span = ALWAYS
    ) -> Sequence[Transaction]:
        async with UserClient(self._pool, claims=member.caller.claims).transaction() as connection:
            rows = await connection.fetch(_PAGE, member.account_id, before, limit, span.start, span.end)
        return [Transaction(**dict(row)) for row in rows]


class PostgresOffers:
    """Implements Offers. As the service: plans and packs are the same for all accounts."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def plans(self) -> Sequence[SoldPlan]:
        return [SoldPlan(**dict(row)) for row in await self._pool.fetch(_PLANS)]

    async def packs(self) -> Sequence[SoldPack]:
        return [SoldPack(**dict(row)) for row in await self._pool.fetch(_PACKS)]
