"""The port for the records of reversals. Purchases computes their effect."""

from typing import Protocol
from uuid import UUID

from oslira_billing.application.fetch_version import FetchVersion
from oslira_billing.domain.fields import StripeObject
from oslira_billing.domain.purchase import Purchase
from oslira_billing.domain.reversal import Charge, CreditNote, Dispute


class Reversals(Protocol):
    """Payments and their reversals. Part of the transaction of one event."""

    async def save_session(self, account_id: UUID, session: StripeObject, purchase: Purchase | None) -> None:
        """Record a pack's checkout and its grants. Once paid, it stays paid."""
        ...

    async def save_payment(self, payment_intent_id: str, invoice_id: str) -> None:
        """Record which invoice a payment paid."""
        ...

    async def invoice_of(self, payment_intent_id: str) -> str | None:
        """The invoice that a payment paid, if that was recorded."""
        ...

    async def save_charge(
        self, account_id: UUID, charge: Charge, purchase_id: str, seen: FetchVersion
    ) -> None:
        """Store it, unless the row holds something newer."""
        ...

    async def save_dispute(self, charge_id: str, dispute: Dispute, seen: FetchVersion) -> None:
        """Store it, unless the row holds something newer. A closed one doesn't open again."""
        ...

    async def save_credit_note(self, account_id: UUID, note: CreditNote, seen: FetchVersion) -> None:
        """Store it, unless the row holds something newer."""
        ...

    async def charge_of(self, charge_id: str) -> tuple[UUID, str | None] | None:
        """(account, purchase) of a charge that was seen before."""
        ...
