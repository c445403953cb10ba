"""Money that goes back: how many of the credits it bought are to be taken back, and whether the rest is frozen."""

from dataclasses import dataclass, replace
from typing import Final

from oslira_billing.domain.errors import EventRefusedError
from oslira_billing.domain.fields import StripeObject, number, reference, text
from oslira_billing.domain.grants import Grant

_LOST: Final = "lost"
# An inquiry (`warning_…`) has withdrawn no money. Any other word that isn't here, also one we don't know, freezes.
_CALM: Final = frozenset(
    {"won", "prevented", "warning_needs_response", "warning_under_review", "warning_closed"}
)
# From these there is no way back to an open dispute.
CLOSED: Final = frozenset({_LOST, "won", "prevented", "warning_closed"})


@dataclass(frozen=True, slots=True)
class Charge:
    """`refunded_minor` is all that went back by refunds so far."""

    id: str
    amount_minor: int
    refunded_minor: int
    currency: str
    payment_intent_id: str | None


@dataclass(frozen=True, slots=True)
class Dispute:
    """`state` is Stripe's word for it."""

    id: str
    amount_minor: int
    state: str


@dataclass(frozen=True, slots=True)
class Purchase:
    """What a payment bought: `grant` (None: no credits) for `price_minor`. `paper` is the invoice or session that says so.

    `months`: of those that were paid for, the grant is the first; the others are granted as they come.
    """

    grant: Grant | None
    price_minor: int
    paper: StripeObject
    months: int = 1

    @property
    def spared_minor(self) -> int:
        """What of the price was for months to come: it goes back before any credits do."""
        return self.price_minor * (self.months - 1) // self.months


@dataclass(frozen=True, slots=True)
class Goal:
    """How a grant should stand: this many of its credits taken back, and the rest frozen or not."""

    revoked_credits: int
    is_frozen: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What a charge bought and how it stands in the ledger. `live_key` is the grant that what is left of it is in.

    `frozen_under` is the key of the open freeze. `revision` counts the changes: it makes the ledger's keys of each its own.
    """

    charge_id: str
    credits: int
    price_minor: int
    spared_minor: int
    refunded_minor: int
    disputes: tuple[Dispute, ...]
    revoked_credits: int
    live_key: str | None
    frozen_under: str | None
    revision: int

    def goal(self) -> Goal:
        """Taken back in proportion to the money, rounded in the customer's favour; all of it when all of it went back."""
        lost_minor = sum(one.amount_minor for one in self.disputes if one.state == _LOST)
        price_minor = self.price_minor - self.spared_minor
        back_minor = min(max(self.refunded_minor + lost_minor - self.spared_minor, 0), price_minor)
        is_open = any(one.state != _LOST and one.state not in _CALM for one in self.disputes)
        return Goal(self.credits * back_minor // price_minor, is_open)


def at_least(purchase: Purchase, charge: Charge) -> Purchase:
    """What a charge paid for cost no less than the charge."""
    return replace(purchase, price_minor=max(purchase.price_minor, charge.amount_minor))


def read_charge(described: StripeObject) -> Charge:
    """Raises EventRefusedError `charge_malformed`."""
    charge_id, amount = text(described, "id"), number(described, "amount")
    if charge_id is None or amount is None or amount <= 0:
        raise EventRefusedError("charge_malformed", f"charge {charge_id} is of {amount}")
    return Charge(
        id=charge_id,
        amount_minor=amount,
        refunded_minor=number(described, "amount_refunded") or 0,
        currency=text(described, "currency") or "",
        payment_intent_id=reference(described, "payment_intent"),
    )


def read_dispute(described: StripeObject) -> Dispute:
    """Raises EventRefusedError `dispute_malformed`."""
    dispute_id, amount, state = text(described, "id"), number(described, "amount"), text(described, "status")
    if dispute_id is None or amount is None or state is None:
        raise EventRefusedError("dispute_malformed", f"dispute {dispute_id} is {state!r}, of {amount}")
    return Dispute(dispute_id, amount, state)
