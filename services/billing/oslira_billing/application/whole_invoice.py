"""An invoice with everything needed to read it; the rest is read from Stripe."""

from datetime import datetime
from typing import Any

from oslira_billing.application.ports import StripeObjects
from oslira_billing.domain.errors import EventRefusedError
from oslira_billing.domain.fields import StripeObject, at, moment, text
from oslira_billing.domain.lines import has_prorations, subscription_of


async def whole_invoice(
    stripe: StripeObjects, described: StripeObject
) -> tuple[StripeObject, datetime | None]:
    """(the invoice with all its lines, the anchor of its subscription's billing cycle where a line needs it).

    An invoice contains ten lines, and a period's end does not determine its start. Raises EventRefusedError, OsliraError.
    """
    invoice = dict(described)
    if at(invoice, "lines", "has_more") is True:
        invoice_id = text(invoice, "id") or ""
        lines = await stripe.lines_of(invoice_id)
        if lines is None:
            raise EventRefusedError("invoice_incomplete", f"Stripe has no lines of {invoice_id}")
        invoice["lines"] = {"data": lines}
    subscription_id = subscription_of(invoice)
    if subscription_id is None or not has_prorations(invoice):
        return invoice, None
    subscription: Any = await stripe.retrieve("subscription", subscription_id)
    return invoice, moment(subscription, "billing_cycle_anchor")
