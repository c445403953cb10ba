"""A finished checkout: it names the account's customer, and grants the credits of a paid pack."""

from collections.abc import Sequence
from uuid import UUID

from oslira_billing.application.ports import BillingRecords
from oslira_billing.application.record_purchase import record_purchase
from oslira_billing.domain.fields import StripeObject, reference, text
from oslira_billing.domain.purchase import payment_of_session, purchase_of_session


async def apply_checkout(
    records: BillingRecords,
    account_id: UUID,
    session: StripeObject,
    *,
    items: Sequence[StripeObject] = (),
    has_failed: bool = False,
) -> None:
    """A pack paid by a slow method is granted by the session's later event, under the same key, or never (`has_failed`).

    `items`: what it sold, as far as Stripe knows.
    """
    customer_id = reference(session, "customer")
    if customer_id is not None:
        await records.link_customer(customer_id, account_id)
    if text(session, "mode") != "payment":
        return
    purchase = purchase_of_session(session, await records.catalogue(), items)
    described = {**session, "payment_status": "failed"} if has_failed else session
    await records.reversals.save_session(account_id, described, purchase)
    if purchase is not None:
        await record_purchase(records, account_id, purchase)
    if (payment := payment_of_session(session)) is not None:
        await records.wake(payment)
