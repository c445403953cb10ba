"""Reversals, and possible ones: refunds, disputes and credit notes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from oslira_billing.domain.errors import EventRefusedError
from oslira_billing.domain.fields import StripeObject, at, number, reference, text
from oslira_billing.domain.purchase import Stake

_LOST: Final = "lost"
# An inquiry (`warning_…`) has withdrawn no money. Any other state that isn't here, including unknown ones, freezes.
_CALM: Final = frozenset(
    {"won", "prevented", "warning_needs_response", "warning_under_review", "warning_closed"}
)
# These need no answer: all except an open dispute.
QUIET: Final = _CALM | {_LOST}
# A dispute in one of these never opens again.
CLOSED: Final = frozenset({_LOST, "won", "prevented", "warning_closed"})


@dataclass(frozen=True, slots=True)
class Charge:
    """`refunded_minor` is the total of all refunds so far."""

    id: str
    amount_minor: int
    refunded_minor: int
    currency: str
    payment_intent_id: str | None


@dataclass(frozen=True, slots=True)
class Dispute:
    """`state` is Stripe's status."""

    id: str
    amount_minor: int
    state: str


@dataclass(frozen=True, slots=True)
class CreditNote:
    """What a credit note returned in addition to refunds, to the customer's balance or by hand; refunds are the charge's.

    `invoice_id` is its invoice.
    """

    id: str
    invoice_id: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class MoneyBack:
    """The reversals of a purchase: by its charges with their disputes, and by credit notes."""

    charges: Sequence[tuple[Charge, Sequence[Dispute]]] = ()
    notes_minor: int = 0

    @property
    def is_disputed(self) -> bool:
        """Whether a dispute is open."""
        return any(
            one.state != _LOST and one.state not in _CALM for _, disputes in self.charges for one in disputes
        )

    def minor_of(self, stake: Stake) -> int:
        """In the currency of the purchase. A charge in another one counts by its share of the cash."""
        back = self.notes_minor + stake.credit_note_minor
        for charge, disputes in self.charges:
            lost = sum(one.amount_minor for one in disputes if one.state == _LOST)
            of_charge = min(charge.amount_minor, charge.refunded_minor + lost)
            if charge.currency != stake.currency:
                of_charge = of_charge * stake.cash_minor // charge.amount_minor
            back += of_charge
        return back


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


def read_credit_note(described: StripeObject) -> CreditNote:
    """Raises EventRefusedError `credit_note_malformed`."""
    note_id, invoice_id = text(described, "id"), reference(described, "invoice")
    if note_id is None or invoice_id is None:
        raise EventRefusedError("credit_note_malformed", f"credit note {note_id} names no invoice")
    if text(described, "status") == "void":
        return CreditNote(note_id, invoice_id, 0)
    refunds = at(described, "refunds") or []
    refunded = sum(number(one, "amount_refunded") or 0 for one in refunds)
    return CreditNote(note_id, invoice_id, max(0, (number(described, "post_payment_amount") or 0) - refunded))
