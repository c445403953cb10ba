"""Stripe's API with the objects that are put into it."""

from collections.abc import Mapping, Sequence
from typing import Any

from oslira_billing.domain.fields import StripeObject


class FakeStripe:
    """Implements StripeObjects."""

    def __init__(self) -> None:
        self.objects: dict[str, Mapping[str, Any]] = {}  # by their ids
        self.invoice_payments: dict[str, str] = {}  # payment → invoice
        self.sessions: dict[str, Mapping[str, Any]] = {}  # payment → session

    async def retrieve(self, kind: str, object_id: str) -> StripeObject | None:
        found = self.objects.get(object_id)
        return found if found is not None and found["object"] == kind else None

    async def lines_of(self, invoice_id: str) -> Sequence[StripeObject] | None:
        invoice = self.objects.get(invoice_id)
        return None if invoice is None else invoice["lines"]["data"]

    async def items_of(self, session_id: str) -> Sequence[StripeObject] | None:
        session = self.objects.get(session_id)
        return None if session is None else session.get("line_items", {}).get("data")

    async def invoice_paid_by(self, payment_intent_id: str) -> str | None:
        return self.invoice_payments.get(payment_intent_id)

    async def session_paid_by(self, payment_intent_id: str) -> StripeObject | None:
        return self.sessions.get(payment_intent_id)
