"""The money of a period as Stripe lists it: payments, refunds, credit notes and disputes, from lists and from events."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from oslira_billing.application.effects import HANDLED
from oslira_billing.application.money_ports import MoneyLists
from oslira_billing.application.ports import StripeObjects
from oslira_billing.domain.fields import StripeObject, at, reference, text

_PAID: Final = frozenset({"paid", "no_payment_required"})
_LISTED: Final = ("invoice", "checkout.session", "refund", "dispute", "credit_note")


@dataclass(slots=True)
class Listed:
    """By Stripe's ids. `charges`: those that were reversed, or may have to be."""

    payments: dict[str, StripeObject] = field(default_factory=dict[str, StripeObject])
    charges: set[str] = field(default_factory=set[str])
    disputes: dict[str, StripeObject] = field(default_factory=dict[str, StripeObject])
    notes: dict[str, StripeObject] = field(default_factory=dict[str, StripeObject])

    def add(self, kind: str, described: StripeObject) -> None:
        """Unpaid ones, and checkouts that sell no pack, are left out."""
        object_id = text(described, "id") or ""
        keep: Mapping[str, Callable[[], None]] = {
            "invoice": lambda: self._pay(object_id, described),
            "checkout.session": lambda: self._pay(object_id, described),
            "charge": lambda: self.charges.add(object_id),
            "refund": lambda: self._charge(described),
            "dispute": lambda: self._dispute(object_id, described),
            "credit_note": lambda: self.notes.__setitem__(object_id, described),
        }
        if kind in keep:
            keep[kind]()

    def _pay(self, object_id: str, described: StripeObject) -> None:
        if is_paid(described):
            self.payments[object_id] = described

    def _charge(self, described: StripeObject) -> None:
        if (charge_id := reference(described, "charge")) is not None:
            self.charges.add(charge_id)

    def _dispute(self, object_id: str, described: StripeObject) -> None:
        self.disputes[object_id] = described
        self._charge(described)


def is_paid(object_: StripeObject) -> bool:
    """Whether an invoice, or a checkout that sells packs, was paid."""
    if text(object_, "object") == "invoice":
        return text(object_, "status") == "paid"
    return text(object_, "mode") == "payment" and text(object_, "payment_status") in _PAID


@dataclass(frozen=True, slots=True)
class ListMoney:
    """Lists show what was created in the period; events also show older objects that were paid, refunded or decided in it."""

    stripe: StripeObjects
    lists: MoneyLists

    async def __call__(self, start: datetime, end: datetime) -> Listed:
        """Raises OsliraError."""
        listed = Listed()
        for kind in _LISTED:
            async for described in self.lists.created(kind, start, end):
                listed.add(kind, described)
        for kind, object_id in sorted(await self._named_by_events(start, end)):
            if object_id in listed.payments or object_id in listed.disputes or object_id in listed.notes:
                continue
            if kind == "charge":
                listed.add(kind, {"id": object_id})
            elif (described := await self.stripe.retrieve(kind, object_id)) is not None:
                listed.add(kind, described)
        return listed

    async def _named_by_events(self, start: datetime, end: datetime) -> set[tuple[str, str]]:
        named: set[tuple[str, str]] = set()
        async for event in self.lists.created("event", start, end, types=HANDLED):
            described = at(event, "data", "object")
            kind, object_id = text(described, "object"), text(described, "id")
            if text(event, "account") is None and object_id and kind in {*_LISTED, "charge"}:
                named.add((kind, object_id))
        return named
