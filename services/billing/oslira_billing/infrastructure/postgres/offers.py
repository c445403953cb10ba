"""Plans, packs and prices: the service inserts what the tables lack of its catalogue. It overwrites nothing."""

from collections.abc import Mapping
from typing import Final

from oslira_shared.catalog import PACKS, PLANS
from oslira_shared.postgres.clients import AdminClient

from oslira_billing.settings import Price

_PLAN: Final = """
    insert into billing.plans (plan, monthly_credits, trial_credits) values ($1, $2, $3) on conflict do nothing
"""
_PACK: Final = "insert into billing.packs (pack, credits) values ($1, $2) on conflict do nothing"
# One that is no longer sold stays, for existing subscriptions' invoices.
_PRICE: Final = """
    insert into billing.prices as kept (stripe_price_id, plan, pack, "interval", is_active) values ($1, $2, $3, $4, $5)
    on conflict (stripe_price_id) do update set is_active = false where kept.is_active and not excluded.is_active
"""


async def seed_offers(database: AdminClient, prices: Mapping[str, Price]) -> None:
    """`prices`: Stripe price id → what it sells. Safe with several replicas."""
    async with database.transaction() as connection:
        await connection.executemany(
            _PLAN, [(name, plan.monthly_credits, plan.trial_credits) for name, plan in PLANS.items()]
        )
        await connection.executemany(_PACK, [(name, pack.credits) for name, pack in PACKS.items()])
        await connection.executemany(
            _PRICE,
            [
                (price_id, price.plan, price.pack, price.interval, price.active)
                for price_id, price in prices.items()
            ],
        )
