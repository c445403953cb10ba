"""What is for sale, and the customers of accounts."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from oslira_shared.postgres.clients import AdminClient

from oslira_billing.infrastructure.postgres.billing_records import PostgresBillingRecords

_CUSTOMER: Final = """
    select stripe_customer_id from billing.customers where account_id = $1 and deleted_at is null
     order by created_at, stripe_customer_id limit 1
"""
_IS_SUBSCRIBED: Final = """
    select exists (select from billing.subscriptions where account_id = $1 and source = 'stripe'
      and state not in ('canceled', 'incomplete', 'incomplete_expired'))
"""
_PRICE: Final = """
    select stripe_price_id from billing.prices
     where is_active and ((plan = $1 and "interval" = $2) or pack = $3)
     order by position desc limit 1
"""
_OVERDUE: Final = """
    select stripe_subscription_id from billing.subscriptions
     where source = 'stripe' and state not in ('canceled', 'incomplete_expired') and period_end < now() - interval '1 hour'
     order by period_end
"""


class PostgresShop:
    """Implements Shop and StaleSubscriptions."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def customer_of(self, account_id: UUID) -> str | None:
        async with self._database.connection() as connection:
            return await connection.fetchval(_CUSTOMER, account_id)

    async def customers_made(self, account_id: UUID) -> int:
        query = "select count(*) from billing.customers where account_id = $1"
        async with self._database.connection() as connection:
            return await connection.fetchval(query, account_id)

    async def mark_customer_deleted(self, customer_id: str) -> None:
        query = "update billing.customers set deleted_at = now() where stripe_customer_id = $1 and deleted_at is null"
        async with self._database.connection() as connection:
            await connection.execute(query, customer_id)

    async def link_customer(self, customer_id: str, account_id: UUID) -> None:
        async with self._database.transaction() as connection:
            await PostgresBillingRecords(connection).link_customer(customer_id, account_id)

    async def is_subscribed(self, account_id: UUID) -> bool:
        async with self._database.connection() as connection:
            return await connection.fetchval(_IS_SUBSCRIBED, account_id)

    async def price_of(self, *, plan: str | None, interval: str | None, pack: str | None) -> str | None:
        async with self._database.connection() as connection:
            return await connection.fetchval(_PRICE, plan, interval, pack)

    async def overdue(self) -> Sequence[str]:
        async with self._database.connection() as connection:
            return [row["stripe_subscription_id"] for row in await connection.fetch(_OVERDUE)]
