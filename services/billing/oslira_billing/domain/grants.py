"""Which credits an event grants, and under which key. The same credits have the same key whichever path grants them."""

from dataclasses import dataclass
from typing import Final

from oslira_billing.domain.catalogue import Catalogue
from oslira_billing.domain.errors import EventRefusedError
from oslira_billing.domain.fields import StripeObject, at, number, reference, rows, text

_RECURRING: Final = frozenset({"subscription_create", "subscription_cycle"})
_MONTH_S: Final = 30.44 * 86_400
_PAID: Final = frozenset({"paid", "no_payment_required"})


@dataclass(frozen=True, slots=True)
class Grant:
    """`key` makes it happen once. `source` is the ledger's word for where credits come from."""

    key: str
    amount_credits: int
    source: str


def period_key(subscription_id: str, period_start_s: int) -> str:
    """The key of a subscription's credits for the period that begins at this Unix second."""
    return f"sub:{subscription_id}:{period_start_s}"


def subscription_of(invoice: StripeObject) -> str | None:
    """The subscription that an invoice bills."""
    return reference(invoice, "parent", "subscription_details", "subscription")


def grant_of_invoice(invoice: StripeObject, catalogue: Catalogue) -> Grant | None:
    """What a paid invoice grants: a period's credits, an upgrade's difference, or the pack that its metadata names.

    None when it grants nothing. An invoice that a checkout made for a pack names none: the session grants that one.
    """
    if subscription_of(invoice) is None:
        pack = catalogue.pack_of(at(invoice, "metadata"))
        return None if pack is None else Grant(_invoice_key(invoice), catalogue.packs[pack], "pack")
    if text(invoice, "billing_reason") in _RECURRING:
        return _period_grant(invoice, catalogue)
    amount = _difference(invoice, catalogue)
    return Grant(_invoice_key(invoice), amount, "subscription") if amount > 0 else None


def months_of_invoice(invoice: StripeObject) -> int:
    """How many months a paid invoice is for: 12 for a year's, of which it grants the first."""
    periods = [
        (number(line, "period", "end") or 0) - (number(line, "period", "start") or 0)
        for line in _subscription_lines(invoice)
        if not _is_proration(line)
    ]
    return max(1, round(max(periods, default=0) / _MONTH_S))


def payment_of_session(session: StripeObject) -> str | None:
    """The payment that paid a pack's checkout; None for what isn't one. A plan's is paid by its invoices."""
    return reference(session, "payment_intent") if text(session, "mode") == "payment" else None


def grant_of_session(session: StripeObject, catalogue: Catalogue) -> Grant | None:
    """What a finished checkout grants: a pack, once it is paid. Plans are granted by their invoices."""
    if text(session, "mode") != "payment" or text(session, "payment_status") not in _PAID:
        return None
    pack = catalogue.pack_of(at(session, "metadata"))
    if pack is None:
        return None
    return Grant(f"session:{text(session, 'id')}", catalogue.packs[pack], "pack")


def _period_grant(invoice: StripeObject, catalogue: Catalogue) -> Grant:
    # A cycle's invoice may also carry prorations; and its own period_start is that of the period before.
    lines = [line for line in _subscription_lines(invoice) if not _is_proration(line)]
    starts = [start for line in lines if (start := number(line, "period", "start")) is not None]
    subscription_id = subscription_of(invoice)
    if not starts or subscription_id is None:
        raise EventRefusedError("invoice_malformed", "no line of the invoice says which period it pays")
    newest = max(starts)
    line = next(line for line in lines if number(line, "period", "start") == newest)
    plan = catalogue.plan_of(_price_of(line), *_plan_metadata(invoice, line))
    return Grant(period_key(subscription_id, newest), catalogue.plans[plan], "subscription")


def _difference(invoice: StripeObject, catalogue: Catalogue) -> int:
    """Credits of what is charged less credits of what is given back."""
    amount = 0
    for line in _subscription_lines(invoice):
        cents = number(line, "amount") or 0
        # Metadata names only the plan of today, so what was left is known by its price alone.
        names = _plan_metadata(invoice, line) if cents > 0 else ()
        if cents:
            credits_ = catalogue.plans[catalogue.plan_of(_price_of(line), *names)]
            amount += credits_ if cents > 0 else -credits_
    return amount


def _subscription_lines(invoice: StripeObject) -> list[StripeObject]:
    return [line for line in rows(invoice, "lines") if at(line, "parent", "subscription_item_details")]


def _is_proration(line: StripeObject) -> bool:
    return at(line, "parent", "subscription_item_details", "proration") is True


def _price_of(line: StripeObject) -> str | None:
    return reference(line, "pricing", "price_details", "price")


def _plan_metadata(invoice: StripeObject, line: StripeObject) -> tuple[object, ...]:
    return at(line, "metadata"), at(invoice, "parent", "subscription_details", "metadata")


def _invoice_key(invoice: StripeObject) -> str:
    return f"invoice:{text(invoice, 'id')}"
