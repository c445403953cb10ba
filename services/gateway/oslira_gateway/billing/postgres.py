"""Subscriptions in Postgres, under row-level security as the user."""

from typing import Final

from oslira_shared.postgres.clients import Pool, UserClient

from oslira_gateway.billing.ports import PaymentProblem, Subscription
from oslira_gateway.identity.caller import Member

# The view has the current plan; its row is the best of the live subscriptions.
_SUBSCRIPTION: Final = """
select s.plan, s.state as status, s.source, s."interval", s.period_start, s.period_end, s.cancel_at_period_end
  from billing.subscriptions s
  left join billing.plans p on p.plan = s.plan
 where s.account_id = $1
 order by s.state in ('active', 'trialing', 'past_due') desc, p.monthly_credits desc nulls last, s.created_at desc
 limit 1
"""
_PROBLEMS: Final = """
select problem, hosted_invoice_url as pay_url, next_attempt_at from billing.payment_problems
 where account_id = $1 order by created_at
"""


class PostgresSubscriptions:
    """Implements Subscriptions."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of(self, member: Member) -> Subscription | None:
        async with UserClient(self._pool, claims=member.caller.claims).transaction() as connection:
            row = await connection.fetchrow(_SUBSCRIPTION, member.account_id)
        return Subscription(**dict(row)) if row else None

    async def problems_of(self, member: Member) -> list[PaymentProblem]:
        async with UserClient(self._pool, claims=member.caller.claims).transaction() as connection:
            return [
                PaymentProblem(**dict(row)) for row in await connection.fetch(_PROBLEMS, member.account_id)
            ]
