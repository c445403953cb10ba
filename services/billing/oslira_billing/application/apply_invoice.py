"""A paid invoice: recorded, and its credits granted."""

from datetime import datetime
from uuid import UUID

from oslira_billing.application.ports import BillingRecords
from oslira_billing.application.record_purchase import record_purchase
from oslira_billing.domain.fields import StripeObject, text
from oslira_billing.domain.purchase import ReadInvoice


async def apply_invoice(
    records: BillingRecords,
    account_id: UUID,
    _described: StripeObject,
    *,
    invoice: StripeObject,
    anchor: datetime | None,
) -> None:
    """`invoice` has all its lines; `anchor` is the billing cycle anchor of its subscription, where a line needs it."""
    invoice_id = text(invoice, "id") or ""
    read = ReadInvoice(
        await records.catalogue(),
        trial_key=f"trial:{account_id}",
        anchor=anchor,
        known=await records.purchases.subscriptions_of(account_id),
    )
    purchases = read(invoice)
    await records.save_invoice(account_id, invoice, purchases)
    await records.clear_problem(invoice_id)
    for purchase in purchases:
        await record_purchase(records, account_id, purchase)
    await records.wake(invoice_id)
