"""A subscription's state, as Stripe has it now."""

from uuid import UUID

from oslira_billing.application.fetch_version import FetchVersion
from oslira_billing.application.ports import BillingRecords
from oslira_billing.domain.fields import StripeObject
from oslira_billing.domain.subscription import read_subscription


async def apply_subscription(
    records: BillingRecords,
    account_id: UUID,
    _described: StripeObject,
    *,
    current: StripeObject,
    seen: FetchVersion,
) -> None:
    """`current` is applied; the event's own object only names the account."""
    await records.save_subscription(account_id, read_subscription(current, await records.catalogue()), seen)
