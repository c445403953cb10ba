"""A paid invoice: recorded, and its credits granted."""

from uuid import UUID

from oslira_billing.application.ports import Books
from oslira_billing.domain.fields import StripeObject, text
from oslira_billing.domain.grants import grant_of_invoice


async def apply_invoice(books: Books, account_id: UUID, invoice: StripeObject) -> None:
    """The grant's key makes it happen once, whichever event or job comes first."""
    invoice_id = text(invoice, "id") or ""
    grant = grant_of_invoice(invoice, await books.catalogue())
    await books.save_invoice(account_id, invoice, grant)
    await books.clear_problem(invoice_id)
    if grant is not None:
        await books.grant(account_id, grant)
    await books.wake(invoice_id)
