"""Write plans, slots and cost limits from the configuration into their tables."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from oslira_shared.catalog import PLANS
from oslira_shared.contracts.analysis.v1 import AnalysisType
from oslira_shared.postgres.clients import AdminClient

from oslira_analysis.application.score_run import MOST_REQUEUES
from oslira_analysis.application.scrape_ports import MOST_STARTS
from oslira_analysis.domain.models.calls import (
    DRAFT,
    Call,
    calls_of,
    usual_case_nano_usd,
    worst_case_nano_usd,
)
from oslira_analysis.domain.models.model_table import ModelTable
from oslira_analysis.domain.results.business_draft import DRAFT_TYPE
from oslira_analysis.infrastructure.models.model_prices import known_cost_nano_usd, nano_usd

# Only if the configuration changed: a restart must not undo an operator's change of the table.
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
insert into analysis.type_costs (type, worst_nano_usd, usual_nano_usd) values ($1, $2, $3)
on conflict (type) do update set worst_nano_usd = excluded.worst_nano_usd, usual_nano_usd = excluded.usual_nano_usd
 where (type_costs.worst_nano_usd, type_costs.usual_nano_usd)
       is distinct from (excluded.worst_nano_usd, excluded.usual_nano_usd)
"""


async def seed(
    database: AdminClient, *, scrape_slots: int, score_slots: int, ageing_s: int, daily_limit_usd: Decimal
) -> None:
    """Idempotent. Replicas may run it concurrently."""
    async with database.transaction() as connection:
        await connection.execute("select analysis.lock_slots()")  # an upsert locks in the order of its rows
        await connection.executemany(_SLOT, [("scrape", scrape_slots), ("score", score_slots)])
        await connection.execute(_AGEING, ageing_s)
        await connection.execute(_COST_LIMIT, nano_usd(daily_limit_usd))
        await connection.executemany(
            _PLAN, [(name, plan.max_running, plan.weight) for name, plan in PLANS.items()]
        )


async def seed_costs(database: AdminClient, table: ModelTable, *, most_scrape_usd: Decimal) -> None:
    """The maximum cost of a run of each type (all starts of the actor, unusable answers of all providers), and the usual cost.

    Loads the price table, so it runs after the start; until then the migration's values apply, which are higher.
    """
    scrape_nano_usd = nano_usd(most_scrape_usd)

    def costs(calls: Sequence[Call], *, scrapes: int) -> tuple[int, int]:
        worst = worst_case_nano_usd(calls, table, known_cost_nano_usd)
        usual = usual_case_nano_usd(calls, table, known_cost_nano_usd)
        return scrapes * scrape_nano_usd + worst, min(scrapes, 1) * scrape_nano_usd + usual

    rows = {
        kind.value: costs(calls_of(kind), scrapes=(1 + MOST_REQUEUES) * MOST_STARTS) for kind in AnalysisType
    }
    rows[DRAFT_TYPE] = costs([DRAFT], scrapes=0)
    async with database.transaction() as connection:
        # Sorted: every transaction that changes several of them locks them in the same order.
        await connection.executemany(_TYPE_COST, [(kind, *rows[kind]) for kind in sorted(rows)])


class LearnCosts:
    """The recent cost of runs becomes the amount that is reserved for the next ones."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def __call__(self) -> None:
        async with self._database.connection() as connection:
            await connection.execute("select analysis.learn_costs()")
