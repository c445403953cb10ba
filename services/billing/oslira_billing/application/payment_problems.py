"""An invoice could not be collected: its owner sees where to pay it, as long as it is unpaid."""

from uuid import UUID

from oslira_billing.application.ports import BillingRecords
from oslira_billing.domain.fields import StripeObject, text


async def note_problem(
    records: BillingRecords, account_id: UUID, described: StripeObject, *, current: StripeObject, problem: str
) -> None:
    """`current` is the invoice as it is now: one that has been paid is no problem any more."""
    if text(current, "status") == "open":
        await records.save_problem(account_id, current, problem)
    else:
        await clear_problem(records, account_id, described)


async def clear_problem(records: BillingRecords, _account_id: UUID, invoice: StripeObject) -> None:
    """Voided or paid."""
    await records.clear_problem(text(invoice, "id") or "")
