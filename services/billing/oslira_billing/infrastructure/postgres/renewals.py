"""`billing.renewals`, and the ledger's grants for them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from oslira_shared.postgres.clients import AdminClient

from oslira_billing.application.renew_monthly import Renewal

_DUE: Final = "select * from billing.renewable_subscriptions($1)"
_RECORD: Final = """
    insert into billing.renewals (grant_key, subscription_id, account_id, plan, period_start, credits)
    values ($1, $2, $3, $4, $5, $6) on conflict do nothing
"""
_GRANT: Final = "select credits.grant($1, $2, 'subscription', $3)"


class PostgresRenewals:
    """Implements Renewals."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def due(self, slot: datetime) -> Sequence[Renewal]:
        async with self._database.connection() as connection:
            return [Renewal(**dict(row)) for row in await connection.fetch(_DUE, slot)]

    async def give(self, renewal: Renewal) -> None:
        async with self._database.transaction() as connection:
            # Two for the same period: the second waits here for the first, and then finds its row.
            status = await connection.execute(
                _RECORD,
                renewal.grant_key,
                renewal.subscription_id,
                renewal.account_id,
                renewal.plan,
                renewal.period_start,
                renewal.credits,
            )
            if status == "INSERT 0 1":
                await connection.execute(_GRANT, renewal.account_id, renewal.credits, renewal.grant_key)
