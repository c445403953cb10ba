"""Payments and their reversals."""

from typing import Final
from uuid import UUID

from oslira_shared.postgres.clients import Connection

from oslira_billing.application.fetch_version import FetchVersion
from oslira_billing.domain.fields import StripeObject, number, text
from oslira_billing.domain.purchase import Purchase, payment_of_session
from oslira_billing.domain.reversal import CLOSED, Charge, CreditNote, Dispute

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
# A fetch replaces an earlier one, a snapshot never replaces a newer one; and a snapshot by itself never undoes a refund.
_SAVE_CHARGE: Final = """
    insert into billing.charges as kept
      (stripe_charge_id, account_id, purchase_id, amount_minor, refunded_minor, currency, fetch_seq, as_of)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
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
_SAVE_NOTE: Final = """
    insert into billing.credit_notes as kept (stripe_credit_note_id, purchase_id, account_id, amount_minor, fetch_seq, as_of)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (stripe_credit_note_id) do update
      set amount_minor = excluded.amount_minor, fetch_seq = excluded.fetch_seq, as_of = coalesce(excluded.as_of, kept.as_of),
          updated_at = now()
    where kept.account_id = excluded.account_id and kept.fetch_seq < excluded.fetch_seq
      and (kept.as_of is null or excluded.as_of is null or kept.as_of <= excluded.as_of)
"""


class PostgresReversals:
    """Implements Reversals."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def save_session(self, account_id: UUID, session: StripeObject, purchase: Purchase | None) -> None:
        grant = purchase.grants[0] if purchase else None
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

    async def save_charge(
        self, account_id: UUID, charge: Charge, purchase_id: str, seen: FetchVersion
    ) -> None:
        await self._connection.execute(
            _SAVE_CHARGE,
            charge.id,
            account_id,
            purchase_id,
            charge.amount_minor,
            charge.refunded_minor,
            charge.currency,
            seen.fetch_seq,
            seen.as_of,
        )

    async def save_dispute(self, charge_id: str, dispute: Dispute, seen: FetchVersion) -> None:
        values = (dispute.id, charge_id, dispute.amount_minor, dispute.state, seen.fetch_seq, seen.as_of)
        await self._connection.execute(_SAVE_DISPUTE, *values, sorted(CLOSED))

    async def save_credit_note(self, account_id: UUID, note: CreditNote, seen: FetchVersion) -> None:
        values = (note.id, note.invoice_id, account_id, note.amount_minor, seen.fetch_seq, seen.as_of)
        await self._connection.execute(_SAVE_NOTE, *values)

    async def charge_of(self, charge_id: str) -> tuple[UUID, str | None] | None:
        query = "select account_id, purchase_id from billing.charges where stripe_charge_id = $1"
        row = await self._connection.fetchrow(query, charge_id)
        return None if row is None else (row["account_id"], row["purchase_id"])
