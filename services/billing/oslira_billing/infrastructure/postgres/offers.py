"""Plans, packs and prices: the service adds what its catalogue has and the tables lack. It overwrites nothing."""

from collections.abc import Mapping
from typing import Final

from oslira_shared.catalog import PACKS, PLANS
from oslira_shared.postgres.clients import AdminClient

from oslira_billing.settings import Price

_PLAN: Final = "insert into billing.plans (plan, monthly_credits) values ($1, $2) on conflict do nothing"
_PACK: Final = "insert into billing.packs (pack, credits) values ($1, $2) on conflict do nothing"
_PRICE: Final = """
    insert into billing.prices (stripe_price_id, plan, pack, "interval") values ($1, $2, $3, $4) on conflict do nothing
"""


async def seed_offers(database: AdminClient, prices: Mapping[str, Price]) -> None:
    """`prices`: Stripe price id → what it sells. Safe beside other replicas."""
    async with database.transaction() as connection:
        await connection.executemany(_PLAN, [(name, plan.monthly_credits) for name, plan in PLANS.items()])
        await connection.executemany(_PACK, [(name, pack.credits) for name, pack in PACKS.items()])
        await connection.executemany(
            _PRICE, [(price_id, price.plan, price.pack, price.interval) for price_id, price in prices.items()]
        )
