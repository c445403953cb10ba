"""A finished checkout: whose customer this is, and the credits of a pack that is paid."""

from uuid import UUID

from oslira_billing.application.ports import Books
from oslira_billing.domain.fields import StripeObject, reference
from oslira_billing.domain.grants import grant_of_session


async def apply_checkout(books: Books, account_id: UUID, session: StripeObject) -> None:
    """Paid by a slow method, a pack is granted by the session's later event, under the same key."""
    customer_id = reference(session, "customer")
    if customer_id is not None:
        await books.link_customer(customer_id, account_id)
    grant = grant_of_session(session, await books.catalogue())
    if grant is not None:
        await books.grant(account_id, grant)
