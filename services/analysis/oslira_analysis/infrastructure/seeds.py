"""Plans and slots from configuration into their tables."""

from typing import Final

from oslira_shared.catalog import PLANS
from oslira_shared.postgres.clients import AdminClient

# Only when the configuration itself changed: a restart must not undo what an operator set in the table.
_SLOT: Final = """
insert into analysis.slots (kind, cap, configured) values ($1, $2, $2)
on conflict (kind) do update set cap = excluded.cap, configured = excluded.configured
 where slots.configured is distinct from excluded.configured
"""
_PLAN: Final = """
insert into analysis.plans (plan, max_running, weight) values ($1, $2, $3) on conflict (plan) do nothing
"""


async def seed(database: AdminClient, *, scrape_slots: int, score_slots: int) -> None:
    """Idempotent; several replicas may do it at once."""
    async with database.transaction() as connection:
        await connection.executemany(_SLOT, [("scrape", scrape_slots), ("score", score_slots)])
        await connection.executemany(
            _PLAN, [(name, plan.max_running, plan.weight) for name, plan in PLANS.items()]
        )
