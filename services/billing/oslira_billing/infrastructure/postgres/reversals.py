"""Payments and what of them went back; the ledger follows in the same transaction."""

from typing import Final
from uuid import UUID

from oslira_shared.postgres.clients import Connection, Record

from oslira_billing.application.sighting import Sighting
from oslira_billing.domain.fields import StripeObject, number, text
from oslira_billing.domain.grants import Grant, payment_of_session
from oslira_billing.domain.reversal import CLOSED, Charge, Dispute, Purchase, Standing, at_least

_SAVE_SESSION: Final = """
    insert into billing.checkout_sessions as kept
      (stripe_session_id, account_id, payment_status, stripe_payment_intent_id, amount_total_minor, currency, grant_key,
       granted_credits)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
    on conflict (stripe_session_id) do update
      set payment_status = excluded.payment_status, grant_key = excluded.grant_key, granted_credits = excluded.granted_credits,
          stripe_payment_intent_id = coalesce(excluded.stripe_payment_intent_id, kept.stripe_payment_intent_id)
    where kept.grant_key is null and (excluded.grant_key is not null or kept.payment_status = 'unpaid')
"""
_SAVE_PAYMENT: Final = """
    insert into billing.invoice_payments (stripe_payment_intent_id, stripe_invoice_id) values ($1, $2) on conflict do nothing
"""
_PURCHASES: Final = """
    select i.stripe_invoice_id as id, i.account_id, i.grant_key, i.granted_credits, i.amount_paid_minor as price_minor,
           i.months, null::bigint as amount_total, i.currency, 1 as rank
      from billing.invoice_payments p join billing.invoices i on i.stripe_invoice_id = p.stripe_invoice_id
     where p.stripe_payment_intent_id = $1 and i.grant_key is not null
    union all
    select s.stripe_session_id, s.account_id, s.grant_key, s.granted_credits, s.amount_total_minor, 1,
           s.amount_total_minor,           s.currency, 2
      from billing.checkout_sessions s where s.stripe_payment_intent_id = $1 and s.grant_key is not null
     order by rank
"""
# A fetch beats an earlier one, a snapshot never beats a newer one; and a snapshot alone never takes a refund back.
_SAVE_CHARGE: Final = """
    insert into billing.charges as kept
      (stripe_charge_id, account_id, grant_key, granted_credits, live_key, price_minor, spared_minor, refunded_minor, fetch_seq,
       as_of)
    values ($1, $2, $3, $4, $3, $5, $6, $7, $8, $9)
    on conflict (stripe_charge_id) do update
      set refunded_minor = case when excluded.as_of is null then excluded.refunded_minor
                                else greatest(kept.refunded_minor, excluded.refunded_minor) end,
          fetch_seq = excluded.fetch_seq, as_of = coalesce(excluded.as_of, kept.as_of), updated_at = now()
    where kept.account_id = excluded.account_id and kept.fetch_seq < excluded.fetch_seq
      and (kept.as_of is null or excluded.as_of is null or kept.as_of <= excluded.as_of)
"""
_SAVE_DISPUTE: Final = """
    insert into billing.disputes as kept (stripe_dispute_id, stripe_charge_id, amount_minor, state, fetch_seq, as_of)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (stripe_dispute_id) do update
      set amount_minor = excluded.amount_minor, state = excluded.state, fetch_seq = excluded.fetch_seq,
          as_of = coalesce(excluded.as_of, kept.as_of), updated_at = now()
    where kept.fetch_seq < excluded.fetch_seq
      and (kept.as_of is null or excluded.as_of is null or kept.as_of <= excluded.as_of)
      and (excluded.state = any($7::text[]) or not kept.state = any($7::text[]))
"""
_STANDING: Final = """
    select granted_credits, price_minor, spared_minor, refunded_minor, revoked_credits, live_key, frozen_under, revision
      from billing.charges where stripe_charge_id = $1
"""
_DISPUTES: Final = """
    select stripe_dispute_id, amount_minor, state from billing.disputes where stripe_charge_id = $1
     order by stripe_dispute_id
"""
_SAVE_STANDING: Final = """
    update billing.charges set revoked_credits = $2, live_key = $3, frozen_under = $4, revision = $5, updated_at = now()
     where stripe_charge_id = $1
"""


class PostgresReversals:
    """Implements Reversals."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def save_session(self, account_id: UUID, session: StripeObject, grant: Grant | None) -> None:
        await self._connection.execute(
            _SAVE_SESSION,
            text(session, "id"),
            account_id,
            text(session, "payment_status"),
            payment_of_session(session),
            number(session, "amount_total") or 0,
            text(session, "currency") or "",
            grant.key if grant else None,
            grant.amount_credits if grant else 0,
        )

    async def save_payment(self, payment_intent_id: str, invoice_id: str) -> None:
        await self._connection.execute(_SAVE_PAYMENT, payment_intent_id, invoice_id)

    async def invoice_of(self, payment_intent_id: str) -> str | None:
        query = "select stripe_invoice_id from billing.invoice_payments where stripe_payment_intent_id = $1"
        return await self._connection.fetchval(query, payment_intent_id)

    async def purchases_of(self, payment_intent_id: str) -> list[Purchase]:
        return [_purchase(row) for row in await self._connection.fetch(_PURCHASES, payment_intent_id)]

    async def save_charge(self, account_id: UUID, charge: Charge, purchase: Purchase, seen: Sighting) -> None:
        purchase = at_least(purchase, charge)
        grant = purchase.grant
        await self._connection.execute(
            _SAVE_CHARGE,
            charge.id,
            account_id,
            grant.key if grant else None,
            grant.amount_credits if grant else 0,
            purchase.price_minor,
            purchase.spared_minor,
            charge.refunded_minor,
            seen.fetch_seq,
            seen.as_of,
        )

    async def save_dispute(self, charge_id: str, dispute: Dispute, seen: Sighting) -> None:
        values = (dispute.id, charge_id, dispute.amount_minor, dispute.state, seen.fetch_seq, seen.as_of)
        await self._connection.execute(_SAVE_DISPUTE, *values, sorted(CLOSED))

    async def account_of_charge(self, charge_id: str) -> UUID | None:
        query = "select account_id from billing.charges where stripe_charge_id = $1"
        return await self._connection.fetchval(query, charge_id)

    async def standing(self, charge_id: str) -> Standing:
        row = await self._connection.fetchrow(_STANDING, charge_id)
        assert row is not None  # noqa: S101  # it was saved before in this transaction, and rows of charges stay
        disputes = await self._connection.fetch(_DISPUTES, charge_id)
        return Standing(
            charge_id=charge_id,
            credits=row["granted_credits"],
            price_minor=row["price_minor"],
            spared_minor=row["spared_minor"],
            refunded_minor=row["refunded_minor"],
            disputes=tuple(Dispute(*one) for one in disputes),
            revoked_credits=row["revoked_credits"],
            live_key=row["live_key"],
            frozen_under=row["frozen_under"],
            revision=row["revision"],
        )

    async def save_standing(self, standing: Standing) -> None:
        await self._connection.execute(
            _SAVE_STANDING,
            standing.charge_id,
            standing.revoked_credits,
            standing.live_key,
            standing.frozen_under,
            standing.revision,
        )

    async def revoke(self, account_id: UUID, *, grant_key: str, amount_credits: int | None, key: str) -> None:
        call = "select credits.revoke($1, $2, $3, $4)"
        await self._connection.execute(call, grant_key, amount_credits, key, account_id)

    async def freeze(self, account_id: UUID, *, grant_key: str, key: str) -> None:
        await self._connection.execute("select credits.freeze($1, $2, $3)", grant_key, key, account_id)

    async def unfreeze(self, account_id: UUID, *, grant_key: str, key: str) -> None:
        await self._connection.execute("select credits.unfreeze($1, $2, $3)", grant_key, key, account_id)


def _purchase(row: Record) -> Purchase:
    paper: StripeObject = {
        "id": row["id"],
        "metadata": {"account_id": str(row["account_id"])},
        "amount_total": row["amount_total"],
        "currency": row["currency"],
    }
    return Purchase(
        Grant(row["grant_key"], row["granted_credits"], ""), row["price_minor"], paper, row["months"]
    )
