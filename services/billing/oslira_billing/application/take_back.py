"""Money went back, or may have to: the credits that it bought follow, in whatever order the events come."""

from uuid import UUID

from oslira_billing.application.find_reversal import Found
from oslira_billing.application.ports import Books
from oslira_billing.application.record_purchase import settle_purchase
from oslira_billing.application.sighting import Sighting
from oslira_billing.domain.fields import StripeObject
from oslira_billing.domain.reversal import CreditNote


async def take_back(books: Books, account_id: UUID, _described: StripeObject, *, found: Found) -> None:
    """Record what was found, then settle the purchase that the charge is for."""
    if found.charge is not None and found.purchase_id is not None:
        await books.reversals.save_charge(account_id, found.charge, found.purchase_id, found.charge_seen)
    if found.dispute is not None:
        await books.reversals.save_dispute(found.charge_id, found.dispute, found.dispute_seen)
    await books.wake(found.charge_id)
    if found.purchase_id is not None:
        await settle_purchase(books, found.purchase_id)


async def credit(
    books: Books, account_id: UUID, _described: StripeObject, *, note: CreditNote, seen: Sighting
) -> None:
    """A credit note gave something back of an invoice."""
    await books.reversals.save_credit_note(account_id, note, seen)
    await settle_purchase(books, note.invoice_id)
