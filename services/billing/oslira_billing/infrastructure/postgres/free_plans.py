"""A new account's free plan: a subscription without Stripe, its first renewal, and the ledger's grant. Later ones: monthly-renewal."""

from typing import Final
from uuid import UUID

from oslira_shared.catalog import SIGN_UP_PLAN
from oslira_shared.errors import OsliraError
from oslira_shared.postgres.clients import AdminClient

# The caller only names an account; identity's own rows decide that it may have a trial.
_WAITS: Final = "select exists (select from identity.trial_accounts where account_id = $1)"
# The key's time is in whole seconds, as in the keys of all other periods.
_START: Final = """
    with made as (
      insert into billing.subscriptions (account_id, plan, state, source, period_start)
      values ($1, $2, 'active', 'manual', date_trunc('second', now()))
      on conflict (account_id) where source = 'manual' do nothing
      returning id, account_id, plan, period_start
    )
    insert into billing.renewals (grant_key, subscription_id, account_id, plan, period_start, credits)
    select 'sub:' || m.id || ':' || extract(epoch from m.period_start)::bigint,
           m.id, m.account_id, m.plan, m.period_start, p.monthly_credits
      from made m join billing.plans p on p.plan = m.plan and p.monthly_credits > 0
    returning grant_key, credits
"""
_GRANT: Final = "select credits.grant($1, $2, 'subscription', $3)"


class PostgresFreePlans:
    """Starts free plans, once per account, for any number of requests."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def start(self, account_id: UUID) -> int:
        """The credits that this call granted. Raises OsliraError `account_not_found` unless identity has it waiting for a trial."""
        async with self._database.transaction() as connection:
            if not await connection.fetchval(_WAITS, account_id):
                raise OsliraError("account_not_found", "No account with this id waits for a free plan.")
            started = await connection.fetchrow(_START, account_id, SIGN_UP_PLAN)
            if started is None:
                return 0
            await connection.execute(_GRANT, account_id, started["credits"], started["grant_key"])
            return int(started["credits"])
