"""The rows of money in credits and billing, for comparison."""

from typing import Any

import asyncpg
from oslira_devstack.databases import Database


async def ledger_of(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """What accounts have, what was granted, what was recorded as paid and refunded, and their plans."""
    queries = {
        "credits.balances": "account_id, kind, sum(amount) from credits.balances group by 1, 2 having sum(amount) <> 0",
        "credits.grants": "idempotency_key, account_id, amount, reversed, freezes > 0 from credits.grants",
        "billing.purchases": "purchase_id, group_key, account_id, total_credits, cash_minor from billing.purchases",
        "billing.charges": "stripe_charge_id, refunded_minor from billing.charges",
        "billing.disputes": "stripe_dispute_id, state from billing.disputes",
        "billing.notes": "stripe_credit_note_id, amount_minor from billing.credit_notes",
        "billing.plans": "account_id, plan from billing.account_plans",
        "billing.customers": "stripe_customer_id, account_id from billing.customers",
    }
    found: dict[str, list[tuple[Any, ...]]] = {}
    for schema in ("credits", "billing"):
        connection = await asyncpg.connect(database.url(f"{schema}_service"))
        for name, query in queries.items():
            if name.startswith(schema):
                found[name] = sorted(map(tuple, await connection.fetch(f"select {query}")))
        await connection.close()
    return found


async def events_of(database: Database) -> int:
    connection = await asyncpg.connect(database.url("billing_service"))
    try:
        return await connection.fetchval("select count(*) from billing.webhook_events")
    finally:
        await connection.close()
