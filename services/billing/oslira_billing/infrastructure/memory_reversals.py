"""Money that goes back, in memory; and as much of the ledger as it needs."""

from dataclasses import dataclass, field, replace
from typing import TypeAlias
from uuid import UUID

from oslira_billing.application.sighting import Sighting
from oslira_billing.domain.fields import StripeObject, number, text
from oslira_billing.domain.grants import Grant, payment_of_session
from oslira_billing.domain.reversal import CLOSED, Charge, Dispute, Purchase, Standing, at_least

# Account, what it granted, minor units paid, for how many months.
PaidInvoice: TypeAlias = tuple[UUID, Grant | None, int, int]


@dataclass(slots=True)
class KeptSession:
    """A pack's checkout."""

    account_id: UUID
    session: StripeObject
    grant: Grant | None


@dataclass(slots=True)
class ReversalTables:
    """What a transaction can roll back. Grants revoked or frozen here may not have come yet."""

    sessions: dict[str, KeptSession] = field(default_factory=dict[str, KeptSession])
    payments: dict[str, str] = field(default_factory=dict[str, str])
    charges: dict[str, tuple[UUID, Standing, Sighting]] = field(
        default_factory=dict[str, tuple[UUID, Standing, Sighting]]
    )
    disputes: dict[str, tuple[str, Dispute, Sighting]] = field(
        default_factory=dict[str, tuple[str, Dispute, Sighting]]
    )
    revoked: dict[str, int | None] = field(default_factory=dict[str, "int | None"])  # None: all of it
    frozen: dict[str, str] = field(default_factory=dict[str, str])  # key → grant


class MemoryReversals:
    """Implements Reversals."""

    def __init__(self, tables: ReversalTables, invoices: dict[str, PaidInvoice]) -> None:
        self._tables, self._invoices = tables, invoices

    async def save_session(self, account_id: UUID, session: StripeObject, grant: Grant | None) -> None:
        kept = self._tables.sessions.get(text(session, "id") or "")
        if kept is None or (kept.grant is None and (grant or kept.session["payment_status"] == "unpaid")):
            self._tables.sessions[text(session, "id") or ""] = KeptSession(account_id, session, grant)

    async def save_payment(self, payment_intent_id: str, invoice_id: str) -> None:
        self._tables.payments.setdefault(payment_intent_id, invoice_id)

    async def invoice_of(self, payment_intent_id: str) -> str | None:
        return self._tables.payments.get(payment_intent_id)

    async def purchases_of(self, payment_intent_id: str) -> list[Purchase]:
        found: list[Purchase] = []
        invoice_id = self._tables.payments.get(payment_intent_id, "")
        if invoice_id in self._invoices:
            account_id, grant, paid_minor, months = self._invoices[invoice_id]
            if grant is not None:
                paper: StripeObject = {"id": invoice_id, "metadata": {"account_id": str(account_id)}}
                found.append(Purchase(grant, paid_minor, paper, months))
        found += [
            Purchase(kept.grant, number(kept.session, "amount_total") or 0, kept.session)
            for kept in self._tables.sessions.values()
            if kept.grant is not None and payment_of_session(kept.session) == payment_intent_id
        ]
        return found

    async def save_charge(self, account_id: UUID, charge: Charge, purchase: Purchase, seen: Sighting) -> None:
        if charge.id not in self._tables.charges:
            purchase = at_least(purchase, charge)
            grant = purchase.grant
            standing = Standing(
                charge_id=charge.id,
                credits=grant.amount_credits if grant else 0,
                price_minor=purchase.price_minor,
                spared_minor=purchase.spared_minor,
                refunded_minor=charge.refunded_minor,
                disputes=(),
                revoked_credits=0,
                live_key=grant.key if grant else None,
                frozen_under=None,
                revision=0,
            )
            self._tables.charges[charge.id] = (account_id, standing, seen)
            return
        owner, standing, kept = self._tables.charges[charge.id]
        if _is_newer(seen, kept):
            refunded = charge.refunded_minor
            if seen.as_of is not None:
                refunded = max(refunded, standing.refunded_minor)
            self._tables.charges[charge.id] = (owner, replace(standing, refunded_minor=refunded), seen)

    async def save_dispute(self, charge_id: str, dispute: Dispute, seen: Sighting) -> None:
        known = self._tables.disputes.get(dispute.id)
        reopens = known is not None and known[1].state in CLOSED and dispute.state not in CLOSED
        if known is None or (_is_newer(seen, known[2]) and not reopens):
            self._tables.disputes[dispute.id] = (charge_id, dispute, seen)

    async def account_of_charge(self, charge_id: str) -> UUID | None:
        found = self._tables.charges.get(charge_id)
        return found[0] if found else None

    async def standing(self, charge_id: str) -> Standing:
        disputes = tuple(one for owner, one, _ in self._tables.disputes.values() if owner == charge_id)
        return replace(self._tables.charges[charge_id][1], disputes=disputes)

    async def save_standing(self, standing: Standing) -> None:
        account_id, _, seen = self._tables.charges[standing.charge_id]
        self._tables.charges[standing.charge_id] = (account_id, standing, seen)

    async def revoke(self, account_id: UUID, *, grant_key: str, amount_credits: int | None, key: str) -> None:
        del account_id, key
        before = self._tables.revoked.get(grant_key, 0)
        self._tables.revoked[grant_key] = (
            None if amount_credits is None or before is None else before + amount_credits
        )

    async def freeze(self, account_id: UUID, *, grant_key: str, key: str) -> None:
        del account_id
        self._tables.frozen[key] = grant_key

    async def unfreeze(self, account_id: UUID, *, grant_key: str, key: str) -> None:
        del account_id, grant_key
        self._tables.frozen.pop(key, None)


def _is_newer(seen: Sighting, kept: Sighting) -> bool:
    if seen.fetch_seq <= kept.fetch_seq:
        return False
    return kept.as_of is None or seen.as_of is None or kept.as_of <= seen.as_of
