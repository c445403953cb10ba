"""What one event changes, on one connection in one transaction."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, cast
from uuid import UUID

from oslira_shared.postgres.clients import Connection
from oslira_shared.work import Claim, transition
from oslira_shared.work.claim import moved

from oslira_billing.application.fetch_version import FetchVersion
from oslira_billing.application.ports import ClaimLostError, Received
from oslira_billing.application.purchases import Purchases
from oslira_billing.application.reversals import Reversals
from oslira_billing.domain.catalogue import Catalogue, Priced
from oslira_billing.domain.fields import StripeObject, moment, number, text
from oslira_billing.domain.lines import subscription_of
from oslira_billing.domain.purchase import Purchase
from oslira_billing.domain.subscription import Subscription
from oslira_billing.infrastructure.postgres.purchases import PostgresPurchases
from oslira_billing.infrastructure.postgres.reversals import PostgresReversals

# The sweep publishes again after a crash between the commit and the publish.
_TELL_WITHIN_S: Final = 5.0
_MONTHS: Final = {"month": 1, "year": 12}

_LINK: Final = (
    "insert into billing.customers (stripe_customer_id, account_id) values ($1, $2) on conflict do nothing"
)
_WAKE: Final = """
    update billing.webhook_events set not_before = null, due_at = now()
     where waits_for = $1 and state = 'received' and not_before > now()
"""
# What has ended permanently at Stripe never resumes, so that an end always counts. Otherwise a later fetch replaces an
# earlier one, and a snapshot never replaces a newer one.
_SAVE_SUBSCRIPTION: Final = """
    insert into billing.subscriptions as kept
      (account_id, plan, state, source, period_start, period_end, cancel_at_period_end, stripe_subscription_id,
       stripe_customer_id, stripe_price_id, fetch_seq, as_of, "interval",
       started_at, ended_at)
    values ($1, $2, $3, 'stripe', $4, $5, $6, $7, $8, $9, $10, $11,
      coalesce((select p."interval" from billing.prices p where p.stripe_price_id = $9), $12), $13, $14)
    on conflict (stripe_subscription_id) do update
      set plan = excluded.plan, state = excluded.state, period_start = excluded.period_start,
          period_end = excluded.period_end, cancel_at_period_end = excluded.cancel_at_period_end,
          stripe_price_id = excluded.stripe_price_id, "interval" = excluded."interval", fetch_seq = excluded.fetch_seq,
          as_of = coalesce(excluded.as_of, kept.as_of), started_at = coalesce(excluded.started_at, kept.started_at),
          ended_at = excluded.ended_at, updated_at = now()
    where kept.account_id = excluded.account_id and kept.state not in ('canceled', 'incomplete_expired')
      and (excluded.state in ('canceled', 'incomplete_expired')
        or (kept.fetch_seq < excluded.fetch_seq
          and (kept.as_of is null or excluded.as_of is null or kept.as_of <= excluded.as_of)))
"""
_SAVE_INVOICE: Final = """
    insert into billing.invoices (stripe_invoice_id, account_id, stripe_subscription_id, billing_reason,
      amount_paid_minor, currency, grant_key, granted_credits)
    values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (stripe_invoice_id) do nothing
"""
# Of the two problems the one that its owner must act on stays (it is also first in the alphabet).
_SAVE_PROBLEM: Final = """
    insert into billing.payment_problems as kept
      (stripe_invoice_id, account_id, stripe_subscription_id, problem, hosted_invoice_url, next_attempt_at)
    select $1, $2, $3, $4, $5, $6 where not exists (select from billing.invoices where stripe_invoice_id = $1)
    on conflict (stripe_invoice_id) do update
      set problem = least(kept.problem, excluded.problem), hosted_invoice_url = excluded.hosted_invoice_url,
          next_attempt_at = excluded.next_attempt_at
"""


class PostgresBillingRecords:
    """Implements BillingRecords."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def reversals(self) -> Reversals:
        return PostgresReversals(self._connection)

    @property
    def purchases(self) -> Purchases:
        return PostgresPurchases(self._connection)

    async def catalogue(self) -> Catalogue:
        plans = await self._connection.fetch("select plan, monthly_credits, trial_credits from billing.plans")
        packs = await self._connection.fetch("select pack, credits from billing.packs")
        prices = await self._connection.fetch(
            'select stripe_price_id, plan, pack, "interval" from billing.prices'
        )
        return Catalogue(
            plans={row["plan"]: row["monthly_credits"] for row in plans},
            packs={row["pack"]: row["credits"] for row in packs},
            prices={
                row["stripe_price_id"]: Priced(row["plan"], row["pack"], _MONTHS.get(row["interval"]))
                for row in prices
            },
            trials={row["plan"]: row["trial_credits"] for row in plans},
        )

    async def is_closed(self, account_id: UUID) -> bool:
        query = "select exists (select from identity.closed_accounts where account_id = $1)"
        return await self._connection.fetchval(query, account_id)

    async def account_of(self, customer_id: str) -> UUID | None:
        return await self._connection.fetchval(
            "select account_id from billing.customers where stripe_customer_id = $1", customer_id
        )

    async def lock_account(self, account_id: UUID) -> None:
        await self._connection.execute(
            "select pg_advisory_xact_lock(hashtextextended('billing:' || $1, 0))", str(account_id)
        )

    async def plan_of(self, account_id: UUID) -> str | None:
        return await self._connection.fetchval(
            "select plan from billing.account_plans where account_id = $1", account_id
        )

    async def link_customer(self, customer_id: str, account_id: UUID) -> None:
        if await self._connection.execute(_LINK, customer_id, account_id) == "INSERT 0 1":
            await self.wake(customer_id)

    async def wake(self, stripe_id: str) -> None:
        await self._connection.execute(_WAKE, stripe_id)

    async def save_subscription(self, account_id: UUID, found: Subscription, seen: FetchVersion) -> None:
        await self._connection.execute(
            _SAVE_SUBSCRIPTION,
            account_id,
            found.plan,
            found.state,
            found.period_start,
            found.period_end,
            found.cancel_at_period_end,
            found.id,
            found.customer_id,
            found.price_id,
            seen.fetch_seq,
            seen.as_of,
            found.interval,
            found.started_at,
            found.ended_at,
        )

    async def save_invoice(
        self, account_id: UUID, invoice: StripeObject, purchases: Sequence[Purchase]
    ) -> None:
        grants = [grant for purchase in purchases for grant in purchase.grants]
        await self._connection.execute(
            _SAVE_INVOICE,
            text(invoice, "id"),
            account_id,
            subscription_of(invoice),
            text(invoice, "billing_reason"),
            number(invoice, "amount_paid") or 0,
            text(invoice, "currency") or "",
            grants[0].key if grants else None,
            sum(grant.amount_credits for grant in grants),
        )

    async def save_problem(self, account_id: UUID, invoice: StripeObject, problem: str) -> None:
        await self._connection.execute(
            _SAVE_PROBLEM,
            text(invoice, "id"),
            account_id,
            subscription_of(invoice),
            problem,
            text(invoice, "hosted_invoice_url"),
            moment(invoice, "next_payment_attempt"),
        )

    async def clear_problem(self, invoice_id: str) -> None:
        await self._connection.execute(
            "delete from billing.payment_problems where stripe_invoice_id = $1", invoice_id
        )

    async def finish(self, received: Received, *, state: str, account_id: UUID | None) -> Received:
        held = cast("Claim", received.claim)
        row = await transition(
            self._connection,
            held,
            to_state=state,
            due_in_s=_TELL_WITHIN_S if state == "applied" else None,
            values={"account_id": account_id, "reason": None},
            keeps_lease=state == "applied",
        )
        if row is None:
            raise ClaimLostError
        return replace(received, state=state, account_id=account_id, claim=moved(held, row))
