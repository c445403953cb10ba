"""A subscription's state, as Stripe has it now."""

from uuid import UUID

from oslira_billing.application.ports import Books
from oslira_billing.application.sighting import Sighting
from oslira_billing.domain.fields import StripeObject
from oslira_billing.domain.subscription import read_subscription


async def apply_subscription(
    books: Books, account_id: UUID, _described: StripeObject, *, current: StripeObject, seen: Sighting
) -> None:
    """`current` is what counts; the event's own object only says whose it is."""
    await books.save_subscription(account_id, read_subscription(current, await books.catalogue()), seen)
