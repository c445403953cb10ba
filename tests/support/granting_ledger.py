"""The ledger, and the grants that billing makes by the same SQL function in its own transactions."""

from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from oslira_credits.infrastructure.postgres import PostgresLedger
from oslira_shared.postgres.clients import Pool

_GRANT: Final = "select * from credits.grant($1, $2, $3, $4, $5, $6)"


class GrantingLedger(PostgresLedger):
    """PostgresLedger with `grant`."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool)
        self.pool = pool

    async def grant(
        self,
        account_id: UUID,
        amount: int,
        *,
        source: str,
        key: str,
        expires_at: datetime | None = None,
        priority: int = 100,
    ) -> tuple[UUID, bool]:
        """(grant id, whether it is new). Raises ValueError when another account has used the key."""
        try:
            row = await self.pool.fetchrow(_GRANT, account_id, amount, source, key, expires_at, priority)
        except asyncpg.UniqueViolationError as error:
            raise ValueError(str(error)) from error
        assert row is not None  # the function always answers
        return row["grant_id"], row["is_new"]
