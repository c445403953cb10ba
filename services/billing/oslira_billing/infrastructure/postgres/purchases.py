"""Purchases and their grants; the ledger follows in the same transaction."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from oslira_shared.postgres.clients import Connection, Record

from oslira_billing.application.purchases import DueGroup, KnownPurchase
from oslira_billing.domain.group import Given, Group, Paid
from oslira_billing.domain.purchase import Purchase, Span, Stake
from oslira_billing.domain.reversal import Charge, Dispute, MoneyBack

_SAVE: Final = """
    insert into billing.purchases (purchase_id, group_key, account_id, made_at, total_credits, returned_credits, returned_at,
      cash_minor, balance_minor, returned_minor, credit_note_minor, currency)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict do nothing
"""
_SAVE_SPAN: Final = """
    insert into billing.purchase_spans (purchase_id, group_key, position, monthly_credits, anchor, starts_at, ends_at)
    values ($1, $2, $3, $4, $5, $6, $7)
"""
_PAID_BY: Final = """
    select p.purchase_id as id, p.account_id, null::bigint as amount_minor, p.currency, 1 as rank
      from billing.invoice_payments i join billing.purchases p on p.purchase_id = i.stripe_invoice_id
     where i.stripe_payment_intent_id = $1
    union
    select p.purchase_id, p.account_id, s.amount_total_minor, s.currency, 2
      from billing.checkout_sessions s join billing.purchases p on p.purchase_id = s.stripe_session_id
     where s.stripe_payment_intent_id = $1
     order by rank
"""
_PURCHASES: Final = "select * from billing.purchases where group_key = $1 order by made_at, purchase_id"
_SPANS: Final = "select * from billing.purchase_spans where group_key = $1 order by purchase_id, position"
_GIVEN: Final = """
    select grant_key as key, purchase_id, credits, starts_at, is_month, is_restored, taken_credits, frozen_under, freezes
      from billing.purchase_grants where group_key = $1 order by starts_at, grant_key
"""
_CHARGES: Final = """
    select purchase_id, stripe_charge_id, amount_minor, refunded_minor, currency
      from billing.charges where purchase_id = any($1::text[])
"""
_DISPUTES: Final = """
    select d.stripe_charge_id, d.stripe_dispute_id, d.amount_minor, d.state
      from billing.disputes d join billing.charges c on c.stripe_charge_id = d.stripe_charge_id
     where c.purchase_id = any($1::text[])
"""
_NOTES: Final = """
    select purchase_id, sum(amount_minor)::bigint as amount_minor from billing.credit_notes
     where purchase_id = any($1::text[]) group by purchase_id
"""
_ADD: Final = """
    insert into billing.purchase_grants
      (grant_key, purchase_id, group_key, account_id, credits, starts_at, is_month, is_restored)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_REVOKE: Final = "update billing.purchase_grants set taken_credits = taken_credits + $2 where grant_key = $1"
_FREEZE: Final = (
    "update billing.purchase_grants set frozen_under = $2, freezes = freezes + 1 where grant_key = $1"
)
_UNFREEZE: Final = "update billing.purchase_grants set frozen_under = null where grant_key = $1"


class PostgresPurchases:
    """Implements Purchases."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def save(self, account_id: UUID, purchase: Purchase) -> bool:
        stake = purchase.stake
        status = await self._connection.execute(
            _SAVE,
            purchase.id,
            purchase.group,
            account_id,
            purchase.made_at,
            purchase.total_credits,
            purchase.returned_credits,
            purchase.returned_at,
            stake.cash_minor,
            stake.balance_minor,
            stake.returned_minor,
            stake.credit_note_minor,
            stake.currency,
        )
        if status != "INSERT 0 1":
            return False
        spans = [
            (
                purchase.id,
                purchase.group,
                position,
                span.monthly_credits,
                span.anchor,
                span.starts_at,
                span.ends_at,
            )
            for position, span in enumerate(purchase.spans)
        ]
        await self._connection.executemany(_SAVE_SPAN, spans)
        return True

    async def subscriptions_of(self, account_id: UUID) -> frozenset[str]:
        query = "select distinct group_key from billing.purchases where account_id = $1 and group_key like 'sub\\_%'"
        return frozenset(row["group_key"] for row in await self._connection.fetch(query, account_id))

    async def groups_of(self, purchase_id: str) -> Sequence[tuple[UUID, str]]:
        query = (
            "select account_id, group_key from billing.purchases where purchase_id = $1 order by group_key"
        )
        rows = await self._connection.fetch(query, purchase_id)
        return [(row["account_id"], row["group_key"]) for row in rows]

    async def paid_by(self, payment_intent_id: str) -> Sequence[KnownPurchase]:
        rows = await self._connection.fetch(_PAID_BY, payment_intent_id)
        return [
            KnownPurchase(row["id"], row["account_id"], row["amount_minor"], row["currency"]) for row in rows
        ]

    async def group(self, key: str) -> Group:
        rows = await self._connection.fetch(_PURCHASES, key)
        spans: dict[str, list[Span]] = defaultdict(list)
        for row in await self._connection.fetch(_SPANS, key):
            span = Span(row["monthly_credits"], row["anchor"], row["starts_at"], row["ends_at"])
            spans[row["purchase_id"]].append(span)
        purchases = [_purchase(row, spans[row["purchase_id"]]) for row in rows]
        back = await self._money_back([purchase.id for purchase in purchases])
        given = [Given(**dict(row)) for row in await self._connection.fetch(_GIVEN, key)]
        return Group([_paid(purchase, back[purchase.id]) for purchase in purchases], given)

    async def grant(self, account_id: UUID, *, group_key: str, given: Given, source: str) -> None:
        await self._connection.execute(
            _ADD,
            given.key,
            given.purchase_id,
            group_key,
            account_id,
            given.credits,
            given.starts_at,
            given.is_month,
            given.is_restored,
        )
        await self._connection.execute(
            "select credits.grant($1, $2, $3, $4)", account_id, given.credits, source, given.key
        )

    async def revoke(self, account_id: UUID, *, given: Given, amount_credits: int) -> None:
        await self._connection.execute(_REVOKE, given.key, amount_credits)
        # The total so far makes the key of each step unique.
        key = f"back:{given.key}:{given.taken_credits + amount_credits}"
        call = "select credits.revoke($1, $2, $3, $4)"
        await self._connection.execute(call, given.key, amount_credits, key, account_id)

    async def freeze(self, account_id: UUID, given: Given) -> None:
        await self._connection.execute(_FREEZE, given.key, given.frozen_under)
        call = "select credits.freeze($1, $2, $3)"
        await self._connection.execute(call, given.key, given.frozen_under, account_id)

    async def unfreeze(self, account_id: UUID, given: Given) -> None:
        await self._connection.execute(_UNFREEZE, given.key)
        call = "select credits.unfreeze($1, $2, $3)"
        await self._connection.execute(call, given.key, given.frozen_under, account_id)

    async def due(self, at: datetime) -> Sequence[DueGroup]:
        rows = await self._connection.fetch("select * from billing.groups_owed($1)", at)
        return [DueGroup(row["account_id"], row["group_key"]) for row in rows]

    async def _money_back(self, purchase_ids: Sequence[str]) -> dict[str, MoneyBack]:
        disputes: dict[str, list[Dispute]] = defaultdict(list)
        for row in await self._connection.fetch(_DISPUTES, purchase_ids):
            dispute = Dispute(row["stripe_dispute_id"], row["amount_minor"], row["state"])
            disputes[row["stripe_charge_id"]].append(dispute)
        charges: dict[str, list[tuple[Charge, Sequence[Dispute]]]] = defaultdict(list)
        for row in await self._connection.fetch(_CHARGES, purchase_ids):
            charge_id = row["stripe_charge_id"]
            charge = Charge(charge_id, row["amount_minor"], row["refunded_minor"], row["currency"], None)
            charges[row["purchase_id"]].append((charge, disputes[charge_id]))
        notes = await self._connection.fetch(_NOTES, purchase_ids)
        noted: dict[str, int] = {row["purchase_id"]: row["amount_minor"] for row in notes}
        return {id_: MoneyBack(charges[id_], noted.get(id_, 0)) for id_ in purchase_ids}


def _purchase(row: Record, spans: Sequence[Span]) -> Purchase:
    return Purchase(
        id=row["purchase_id"],
        group=row["group_key"],
        made_at=row["made_at"],
        stake=Stake(
            cash_minor=row["cash_minor"],
            balance_minor=row["balance_minor"],
            returned_minor=row["returned_minor"],
            credit_note_minor=row["credit_note_minor"],
            currency=row["currency"],
        ),
        total_credits=row["total_credits"],
        returned_credits=row["returned_credits"],
        returned_at=row["returned_at"],
        spans=tuple(spans),
    )


def _paid(purchase: Purchase, back: MoneyBack) -> Paid:
    return Paid(purchase=purchase, back_minor=back.minor_of(purchase.stake), is_disputed=back.is_disputed)
