"""The ledger in Postgres. The rules are SQL functions (migrations/), so that no client can bypass them."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg
from oslira_shared.postgres.clients import Pool, Record
from oslira_shared.work import WorkTable, sweep

from oslira_credits.application.ports import AccountBalance
from oslira_credits.domain.amounts import Credits
from oslira_credits.domain.balance import Balance
from oslira_credits.domain.errors import HoldClosed, InsufficientCredits
from oslira_credits.domain.grants import Grant
from oslira_credits.domain.hold import Held, Hold, Settlement

HOLDS: Final = WorkTable(name="credits.holds", claimable=frozenset({"open"}))

_HOLD: Final = "select * from credits.hold($1, $2, $3, $4)"
_FIND: Final = "select id, account_id, amount, state, captured, released from credits.holds where id = $1"
_SETTLE: Final = "select * from credits.settle($1, $2)"
_EXTEND: Final = "select credits.extend_hold($1, $2)"
_EXPIRE: Final = "select credits.expire_due($1)"
_POLICY: Final = "update credits.policy set low_balance_credits = $1 where low_balance_credits <> $1"
# Expired credits are not available, whether or not they are written off yet.
_PURSE: Final = """
    select p.available - (
        select coalesce(sum(b.amount), 0) from credits.grants g
        join credits.balances b on b.grant_id = g.id and b.kind = 'available'
        where g.account_id = $1 and not g.is_depleted and g.expires_at <= now()
      ) as available, p.held, p.frozen, p.debt,
      d.id as grant_id, d.source, d.granted, d.priority, d.created_at, d.expires_at, d.amount
    from credits.account_balances p
    left join lateral (
      select g.id, g.source, g.amount as granted, g.priority, g.created_at, g.expires_at, b.amount
      from credits.grants g
      join credits.balances b on b.grant_id = g.id and b.kind = 'available'
      where g.id in (
        (select l.id from credits.grants l
          where l.account_id = $1 and not l.is_depleted and l.expires_at > now()
          order by l.expires_at, l.priority, l.created_at, l.id limit 100)
        union all
        (select l.id from credits.grants l
          where l.account_id = $1 and not l.is_depleted and l.expires_at is null
          order by l.priority, l.created_at, l.id limit 100))
      order by g.expires_at nulls last, g.priority, g.created_at, g.id limit 100
    ) d on true
    where p.account_id = $1
    order by d.expires_at nulls last, d.priority, d.created_at, d.id
"""


class PostgresLedger:
    """Implements Ledger. Each method is one statement, except `due`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def hold(self, hold_id: UUID, account_id: UUID, amount: Credits, *, life: timedelta) -> Held:
        row = await self._pool.fetchrow(_HOLD, hold_id, account_id, amount, life)
        assert row is not None  # noqa: S101  # the function always answers
        if row["outcome"] == "insufficient":
            raise InsufficientCredits(needed=amount, available=row["available"])
        if row["outcome"] == "closed":
            raise HoldClosed(hold_id)
        return Held(hold_id, account_id, row["amount"], row["available"], row["expires_at"], row["is_new"])

    async def find(self, hold_id: UUID) -> Hold | None:
        row = await self._pool.fetchrow(_FIND, hold_id)
        if row is None:
            return None
        settlement = _settlement(hold_id, row, is_new=False) if row["state"] == "settled" else None
        return Hold(hold_id, row["account_id"], row["amount"], settlement)

    async def settle(self, hold_id: UUID, capture: Credits) -> Settlement:
        try:
            row = await self._pool.fetchrow(_SETTLE, hold_id, capture)
        except asyncpg.InvalidParameterValueError as error:
            raise ValueError(str(error)) from error
        assert row is not None  # noqa: S101  # the function always answers
        return _settlement(hold_id, row, is_new=row["is_new"])

    async def extend(self, hold_id: UUID, *, life: timedelta) -> datetime | None:
        return await self._pool.fetchval(_EXTEND, hold_id, life)

    async def due(self, *, limit: int) -> list[UUID]:
        async with self._pool.acquire() as connection, connection.transaction():
            return [row.row_id for row in await sweep(connection, HOLDS, limit=limit)]

    async def account_balance(self, account_id: UUID) -> AccountBalance:
        rows = await self._pool.fetch(_PURSE, account_id)
        if not rows:
            return AccountBalance(account_id, Balance(0, 0), ())
        whole = rows[0]
        grants = tuple(_grant(row) for row in rows if row["grant_id"] is not None)
        balance = Balance(int(whole["available"]), whole["held"])
        return AccountBalance(account_id, balance, grants, frozen=whole["frozen"], debt=whole["debt"])

    async def expire(self, *, limit: int) -> int:
        return int(await self._pool.fetchval(_EXPIRE, limit))

    async def set_low_balance(self, threshold: Credits) -> None:
        """A trigger on balances decides what is low, so it also covers movements that no service makes."""
        await self._pool.execute(_POLICY, threshold)


def _settlement(hold_id: UUID, row: Record, *, is_new: bool) -> Settlement:
    return Settlement(hold_id, row["account_id"], row["captured"], row["released"], is_new=is_new)


def _grant(row: Record) -> Grant:
    return Grant(
        grant_id=row["grant_id"],
        source=row["source"],
        granted=row["granted"],
        available=row["amount"],
        priority=row["priority"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
    )
