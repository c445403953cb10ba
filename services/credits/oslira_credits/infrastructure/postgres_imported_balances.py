"""Balances of an earlier system, as grants in Postgres."""

from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from oslira_shared.errors import OsliraError
from oslira_shared.postgres.clients import Pool

from oslira_credits.domain.amounts import Credits

_GRANT: Final = """
select grant_id, is_new
  from credits.grant($1, $2, 'migration', $3, $4, p_description => 'Balance from the earlier system')
"""
_AMOUNT: Final = "select amount from credits.grants where id = $1"


class PostgresImportedBalances:
    """Implements ImportedBalances."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def grant(
        self, balance_id: str, account_id: UUID, amount: Credits, *, expires_at: datetime | None
    ) -> tuple[UUID, bool]:
        differs = OsliraError(
            "conflict", f"id {balance_id!r} was imported before, with another account or amount"
        )
        try:
            row = await self._pool.fetchrow(_GRANT, account_id, amount, f"migration:{balance_id}", expires_at)
        except asyncpg.UniqueViolationError as error:  # the key belongs to another account
            raise differs from error
        assert row is not None  # noqa: S101  # the function always answers
        if not row["is_new"] and await self._pool.fetchval(_AMOUNT, row["grant_id"]) != amount:
            raise differs
        return row["grant_id"], row["is_new"]
