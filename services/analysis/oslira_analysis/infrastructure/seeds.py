"""Plans, slots and cost limits from configuration into their tables."""

from decimal import Decimal
from typing import Final

from oslira_shared.catalog import PLANS
from oslira_shared.contracts.analysis.v1 import AnalysisType
from oslira_shared.postgres.clients import AdminClient

from oslira_analysis.domain.business_draft import DRAFT_TYPE
from oslira_analysis.domain.calls import DRAFT, calls_of, worst_case_nano_usd
from oslira_analysis.domain.model_table import ModelTable
from oslira_analysis.infrastructure.model_prices import known_cost_nano_usd, nano_usd
from oslira_analysis.infrastructure.tables import SCRAPES

# Only when the configuration itself changed: a restart must not undo what an operator set in the table.
_SLOT: Final = """
insert into analysis.slots (kind, cap, configured) values ($1, $2, $2)
on conflict (kind) do update set cap = excluded.cap, configured = excluded.configured
 where slots.configured is distinct from excluded.configured
"""
_AGEING: Final = """
update analysis.slots set ageing_s = $1, configured_ageing_s = $1 where configured_ageing_s <> $1
"""
_PLAN: Final = """
insert into analysis.plans (plan, max_running, weight) values ($1, $2, $3) on conflict (plan) do nothing
"""


_COST_LIMIT: Final = """
update analysis.cost_limits set daily_nano_usd = $1, configured = $1 where configured <> $1
"""
_TYPE_COST: Final = """
insert into analysis.type_costs (type, worst_nano_usd) values ($1, $2)
on conflict (type) do update set worst_nano_usd = excluded.worst_nano_usd
 where type_costs.worst_nano_usd <> excluded.worst_nano_usd
"""


async def seed(
    database: AdminClient, *, scrape_slots: int, score_slots: int, ageing_s: int, daily_limit_usd: Decimal
) -> None:
    """Idempotent; several replicas may do it at once."""
    async with database.transaction() as connection:
        await connection.execute("select analysis.lock_slots()")  # an upsert locks in the order of its rows
        await connection.executemany(_SLOT, [("scrape", scrape_slots), ("score", score_slots)])
        await connection.execute(_AGEING, ageing_s)
        await connection.execute(_COST_LIMIT, nano_usd(daily_limit_usd))
        await connection.executemany(
            _PLAN, [(name, plan.max_running, plan.weight) for name, plan in PLANS.items()]
        )


async def seed_costs(database: AdminClient, table: ModelTable, *, most_scrape_usd: Decimal) -> None:
    """What a run of each type can cost at most: every scrape it may start, every call answered badly by everybody.

    Loads the price table, so after the start; until then the migration's own figures count, which are higher.
    """
    scrapes_nano_usd = SCRAPES.max_failures * nano_usd(most_scrape_usd)
    worst = [
        (kind.value, scrapes_nano_usd + worst_case_nano_usd(calls_of(kind), table, known_cost_nano_usd))
        for kind in AnalysisType
    ]
    worst.append((DRAFT_TYPE, worst_case_nano_usd([DRAFT], table, known_cost_nano_usd)))
    async with database.transaction() as connection:
        await connection.executemany(_TYPE_COST, worst)
