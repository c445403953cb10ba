"""A payment was reversed, or may be: the credits that it paid for follow, for any order of the events."""

from uuid import UUID

from oslira_billing.application.fetch_version import FetchVersion
from oslira_billing.application.find_reversal import Found
from oslira_billing.application.ports import BillingRecords
from oslira_billing.application.record_purchase import settle_purchase
from oslira_billing.domain.fields import StripeObject
from oslira_billing.domain.reversal import CreditNote


async def reverse(
    records: BillingRecords, account_id: UUID, _described: StripeObject, *, found: Found
) -> None:
    """Record the reversal, then correct the purchase that the charge paid."""
    if found.charge is not None and found.purchase_id is not None:
        await records.reversals.save_charge(account_id, found.charge, found.purchase_id, found.charge_seen)
    if found.dispute is not None:
        await records.reversals.save_dispute(found.charge_id, found.dispute, found.dispute_seen)
    await records.wake(found.charge_id)
    if found.purchase_id is not None:
        await settle_purchase(records, found.purchase_id)


async def credit(
    records: BillingRecords,
    account_id: UUID,
    _described: StripeObject,
    *,
    note: CreditNote,
    seen: FetchVersion,
) -> None:
    """A credit note reduced an invoice."""
    await records.reversals.save_credit_note(account_id, note, seen)
    await settle_purchase(records, note.invoice_id)
