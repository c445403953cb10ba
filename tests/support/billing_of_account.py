"""The operations of billing on the ledger of one account."""

from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
from granting_ledger import GrantingLedger
from oslira_credits.application.ports import AccountBalance
from oslira_credits.domain.balance import Balance
from oslira_credits.infrastructure.audit import differences
from oslira_shared.postgres.clients import Pool

LIFE = timedelta(minutes=2)


class Billing:
    """Billing's operations on one account."""

    def __init__(self, pool: Pool, ledger: GrantingLedger) -> None:
        self._pool = pool
        self.ledger = ledger
        self.account_id = uuid4()

    def key(self, name: str) -> str:
        return f"{self.account_id}:{name}"

    async def grant(self, name: str, amount: int) -> None:
        await self.ledger.grant(self.account_id, amount, source="pack", key=self.key(name))

    async def revoke(
        self, name: str, amount: int | None = None, *, key: str = "refund"
    ) -> tuple[object, ...]:
        query = "select taken, awaited, owed from credits.revoke($1, $2, $3, $4)"
        row = await self._pool.fetchrow(query, self.key(name), amount, self.key(key), self.account_id)
        assert row is not None
        return tuple(row)

    async def freeze(self, name: str, key: str = "dispute") -> int:
        query = "select frozen from credits.freeze($1, $2, $3)"
        return await self._pool.fetchval(query, self.key(name), self.key(key), self.account_id)

    async def unfreeze(self, name: str, key: str = "dispute") -> int:
        query = "select unfrozen from credits.unfreeze($1, $2, $3)"
        return await self._pool.fetchval(query, self.key(name), self.key(key), self.account_id)

    async def spend(self, amount: int) -> None:
        await self._pool.execute("select public.deduct_credits($1, $2, 'x', '')", self.account_id, -amount)

    async def hold(self, amount: int) -> UUID:
        return (await self.ledger.hold(uuid4(), self.account_id, amount, life=LIFE)).hold_id

    async def pass_time(self, name: str, admin: str) -> None:
        """The grant's time passes; nothing is written off."""
        connection = await asyncpg.connect(admin)
        past, key = "set expires_at = now() - interval '1 s' where idempotency_key =", self.key(name)
        # The ledger's rules don't allow it, and the transfer has to agree with its grant.
        await connection.execute(
            "begin; set local role credits_owner;"
            "alter table credits.grants disable trigger user; alter table credits.transfers disable trigger user;"
            f"update credits.grants {past} '{key}'; update credits.transfers {past} 'grant:{key}';"
            "alter table credits.grants enable trigger user; alter table credits.transfers enable trigger user; commit"
        )
        await connection.close()

    async def of(self, kind: str) -> int:
        query = (
            "select coalesce(sum(amount), 0)::int from credits.balances where account_id = $1 and kind = $2"
        )
        return await self._pool.fetchval(query, self.account_id, kind)

    async def account(self) -> AccountBalance:
        return await self.ledger.account_balance(self.account_id)

    async def has(self, available: int, held: int = 0, *, frozen: int = 0, debt: int = 0) -> bool:
        account = await self.account()
        async with self._pool.acquire() as connection:
            assert await differences(connection) == []
        return (account.balance, account.frozen, account.debt) == (Balance(available, held), frozen, debt)
