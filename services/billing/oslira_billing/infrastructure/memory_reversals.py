"""Money that goes back, in memory."""

from dataclasses import dataclass, field, replace
from uuid import UUID

from oslira_billing.application.sighting import Sighting
from oslira_billing.domain.fields import StripeObject, text
from oslira_billing.domain.purchase import Purchase
from oslira_billing.domain.reversal import CLOSED, Charge, CreditNote, Dispute


@dataclass(slots=True)
class KeptSession:
    """A pack's checkout."""

    account_id: UUID
    session: StripeObject
    purchase: Purchase | None


@dataclass(slots=True)
class ReversalTables:
    """What a transaction can roll back."""

    sessions: dict[str, KeptSession] = field(default_factory=dict[str, KeptSession])
    payments: dict[str, str] = field(default_factory=dict[str, str])
    # Charge → whose it is, the charge, what it paid for, how new that is.
    charges: dict[str, tuple[UUID, Charge, str, Sighting]] = field(
        default_factory=dict[str, tuple[UUID, Charge, str, Sighting]]
    )
    disputes: dict[str, tuple[str, Dispute, Sighting]] = field(
        default_factory=dict[str, tuple[str, Dispute, Sighting]]
    )
    notes: dict[str, tuple[CreditNote, Sighting]] = field(
        default_factory=dict[str, tuple[CreditNote, Sighting]]
    )


class MemoryReversals:
    """Implements Reversals."""

    def __init__(self, tables: ReversalTables) -> None:
        self._tables = tables

    async def save_session(self, account_id: UUID, session: StripeObject, purchase: Purchase | None) -> None:
        kept = self._tables.sessions.get(text(session, "id") or "")
        if kept is None or (
            kept.purchase is None and (purchase or kept.session["payment_status"] == "unpaid")
        ):
            self._tables.sessions[text(session, "id") or ""] = KeptSession(account_id, session, purchase)

    async def save_payment(self, payment_intent_id: str, invoice_id: str) -> None:
        self._tables.payments.setdefault(payment_intent_id, invoice_id)

    async def invoice_of(self, payment_intent_id: str) -> str | None:
        return self._tables.payments.get(payment_intent_id)

    async def save_charge(self, account_id: UUID, charge: Charge, purchase_id: str, seen: Sighting) -> None:
        if charge.id not in self._tables.charges:
            self._tables.charges[charge.id] = (account_id, charge, purchase_id, seen)
            return
        owner, known, bought, kept = self._tables.charges[charge.id]
        if _is_newer(seen, kept):
            refunded = charge.refunded_minor
            if seen.as_of is not None:
                refunded = max(refunded, known.refunded_minor)
            self._tables.charges[charge.id] = (owner, replace(known, refunded_minor=refunded), bought, seen)

    async def save_dispute(self, charge_id: str, dispute: Dispute, seen: Sighting) -> None:
        known = self._tables.disputes.get(dispute.id)
        reopens = known is not None and known[1].state in CLOSED and dispute.state not in CLOSED
        if known is None or (_is_newer(seen, known[2]) and not reopens):
            self._tables.disputes[dispute.id] = (charge_id, dispute, seen)

    async def save_credit_note(self, account_id: UUID, note: CreditNote, seen: Sighting) -> None:
        del account_id
        known = self._tables.notes.get(note.id)
        if known is None or _is_newer(seen, known[1]):
            self._tables.notes[note.id] = (note, seen)

    async def charge_of(self, charge_id: str) -> tuple[UUID, str | None] | None:
        found = self._tables.charges.get(charge_id)
        return None if found is None else (found[0], found[2])


def _is_newer(seen: Sighting, kept: Sighting) -> bool:
    if seen.fetch_seq <= kept.fetch_seq:
        return False
    return kept.as_of is None or seen.as_of is None or kept.as_of <= seen.as_of
