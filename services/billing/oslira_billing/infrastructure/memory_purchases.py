"""Purchases in memory; and as much of the ledger as they need."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from oslira_billing.application.purchases import KnownPurchase, OwedGroup
from oslira_billing.domain.fields import number, text
from oslira_billing.domain.purchase import Purchase, payment_of_session
from oslira_billing.domain.reversal import MoneyBack
from oslira_billing.domain.standing import Given, Group, Paid
from oslira_billing.infrastructure.memory_reversals import ReversalTables


@dataclass(slots=True)
class PurchaseTables:
    """What a transaction can roll back."""

    purchases: dict[tuple[str, str], tuple[UUID, Purchase]] = field(
        default_factory=dict[tuple[str, str], tuple[UUID, Purchase]]
    )
    given: dict[str, tuple[UUID, str, Given]] = field(default_factory=dict[str, tuple[UUID, str, Given]])


class MemoryPurchases:
    """Implements Purchases."""

    def __init__(self, tables: PurchaseTables, reversals: ReversalTables, closed: set[UUID]) -> None:
        self._tables, self._reversals, self._closed = tables, reversals, closed

    async def save(self, account_id: UUID, purchase: Purchase) -> bool:
        key = (purchase.id, purchase.group)
        if key in self._tables.purchases:
            return False
        self._tables.purchases[key] = (account_id, purchase)
        return True

    async def subscriptions_of(self, account_id: UUID) -> frozenset[str]:
        return frozenset(
            group
            for (_, group), (owner, _) in self._tables.purchases.items()
            if owner == account_id and group.startswith("sub_")
        )

    async def groups_of(self, purchase_id: str) -> Sequence[tuple[UUID, str]]:
        return [
            (owner, group)
            for (id_, group), (owner, _) in self._tables.purchases.items()
            if id_ == purchase_id
        ]

    async def paid_by(self, payment_intent_id: str) -> Sequence[KnownPurchase]:
        invoice_id = self._reversals.payments.get(payment_intent_id)
        found = [
            KnownPurchase(id_, owner, None, purchase.stake.currency)
            for (id_, _), (owner, purchase) in self._tables.purchases.items()
            if id_ == invoice_id
        ]
        for kept in self._reversals.sessions.values():
            session_id = text(kept.session, "id") or ""
            if payment_of_session(kept.session) == payment_intent_id and kept.purchase is not None:
                amount, currency = number(kept.session, "amount_total"), text(kept.session, "currency")
                found.append(KnownPurchase(session_id, kept.account_id, amount or 0, currency or ""))
        return found

    async def group(self, key: str) -> Group:
        paid = [
            self._paid(purchase)
            for (_, group), (_, purchase) in self._tables.purchases.items()
            if group == key
        ]
        given = [given for _, group, given in self._tables.given.values() if group == key]
        return Group(paid, given)

    async def grant(self, account_id: UUID, *, group_key: str, given: Given, source: str) -> None:
        del source
        self._tables.given[given.key] = (account_id, group_key, given)

    async def take(self, account_id: UUID, *, given: Given, amount_credits: int) -> None:
        del account_id
        self._change(replace(given, taken_credits=given.taken_credits + amount_credits))

    async def freeze(self, account_id: UUID, given: Given) -> None:
        del account_id
        self._change(replace(given, freezes=given.freezes + 1))

    async def thaw(self, account_id: UUID, given: Given) -> None:
        del account_id
        self._change(replace(given, frozen_under=None))

    async def owed(self, at: datetime) -> Sequence[OwedGroup]:
        groups = {(owner, group) for (_, group), (owner, _) in self._tables.purchases.items()}
        return [
            OwedGroup(owner, group)
            for owner, group in groups
            if owner not in self._closed and (await self.group(group)).months_due(at)
        ]

    def _change(self, given: Given) -> None:
        account_id, group, kept = self._tables.given[given.key]
        # Moves of one round each change their own part.
        self._tables.given[given.key] = (
            account_id,
            group,
            replace(
                given,
                taken_credits=max(given.taken_credits, kept.taken_credits),
                freezes=max(given.freezes, kept.freezes),
            ),
        )

    def _paid(self, purchase: Purchase) -> Paid:
        charges = [
            (charge, [one for owner, one, _ in self._reversals.disputes.values() if owner == charge.id])
            for _, charge, purchase_id, _ in self._reversals.charges.values()
            if purchase_id == purchase.id
        ]
        notes = [note for note, _ in self._reversals.notes.values() if note.invoice_id == purchase.id]
        back = MoneyBack(charges, sum(note.amount_minor for note in notes))
        return Paid(purchase=purchase, back_minor=back.minor_of(purchase.stake), is_disputed=back.is_disputed)
