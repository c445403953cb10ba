"""What the books keep of money that goes back, in the use cases' words."""

from typing import Protocol
from uuid import UUID

from oslira_billing.application.sighting import Sighting
from oslira_billing.domain.fields import StripeObject
from oslira_billing.domain.grants import Grant
from oslira_billing.domain.reversal import Charge, Dispute, Purchase, Standing


class Reversals(Protocol):
    """Payments, and what of them went back. Part of the transaction of one event."""

    async def save_session(self, account_id: UUID, session: StripeObject, grant: Grant | None) -> None:
        """Record a pack's checkout and what it grants. What is paid stays paid."""
        ...

    async def save_payment(self, payment_intent_id: str, invoice_id: str) -> None:
        """Record which invoice a payment paid."""
        ...

    async def invoice_of(self, payment_intent_id: str) -> str | None:
        """The invoice that a payment paid, if that was recorded."""
        ...

    async def purchases_of(self, payment_intent_id: str) -> list[Purchase]:
        """What a payment bought that granted credits, invoices first. Their papers name the account in metadata."""
        ...

    async def save_charge(self, account_id: UUID, charge: Charge, purchase: Purchase, seen: Sighting) -> None:
        """Keep what was found, unless the row holds something newer. What it bought is kept once."""
        ...

    async def save_dispute(self, charge_id: str, dispute: Dispute, seen: Sighting) -> None:
        """Keep what was found, unless the row holds something newer. A closed one doesn't open again."""
        ...

    async def account_of_charge(self, charge_id: str) -> UUID | None:
        """Whose charge it is, if it was seen before."""
        ...

    async def standing(self, charge_id: str) -> Standing:
        """How a charge that was saved stands."""
        ...

    async def save_standing(self, standing: Standing) -> None:
        """Keep how it stands now."""
        ...

    async def revoke(self, account_id: UUID, *, grant_key: str, amount_credits: int | None, key: str) -> None:
        """Take back so many credits of a grant, all that is left of it if None; also before it comes."""
        ...

    async def freeze(self, account_id: UUID, *, grant_key: str, key: str) -> None:
        """Let nothing of a grant be drawn until the same key is thawed."""
        ...

    async def unfreeze(self, account_id: UUID, *, grant_key: str, key: str) -> None:
        """The end of that freeze."""
        ...
