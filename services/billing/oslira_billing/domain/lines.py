"""The lines of an invoice: what each sells, for which period, and whether it charges or returns money."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Final

from oslira_billing.domain.calendar import parts
from oslira_billing.domain.catalogue import Catalogue, Priced
from oslira_billing.domain.errors import EventRefusedError
from oslira_billing.domain.fields import StripeObject, at, moment, number, reference, rows, text

_MONTH_S: Final = 30.44 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`credits` are those of one month of all its units, or of all its packs. `amount_minor` is after discounts.

    `is_charge`: its amount before discounts is above 0; a trial's line is 0, a returning one below.
    `months`: of its period; for a proration, of its price's billing period.
    """

    subscription_id: str | None
    sold: Priced
    credits: int
    amount_minor: int
    months: int
    starts_at: datetime
    ends_at: datetime
    is_proration: bool
    is_charge: bool

    def prorated(self, anchor: datetime | None) -> tuple[Fraction, int, int]:
        """(credits of its current month, of each later month, how many those are); below 0 if it returns money."""
        sign = 1 if self.is_charge else -1 if self.amount_minor < 0 else 0
        share, later = parts(self.starts_at, self.ends_at, self.months, anchor=anchor)
        return sign * self.credits * share, sign * self.credits, later


def subscription_of(invoice: StripeObject) -> str | None:
    """The subscription that an invoice bills."""
    return reference(invoice, "parent", "subscription_details", "subscription")


def has_prorations(invoice: StripeObject) -> bool:
    """Whether a line is for a part of a period."""
    return any(_is_proration(line) for line in rows(invoice, "lines"))


def read_lines(invoice: StripeObject, catalogue: Catalogue) -> Sequence[Line]:
    """The lines that sell or return credits. Raises EventRefusedError for an invalid one.

    A one-off item that isn't a pack of ours sells no credits. Every price of a subscription's item must be known.
    """
    found = (_read(line, invoice, catalogue) for line in rows(invoice, "lines"))
    return [line for line in found if line is not None and line.credits]


def _read(line: StripeObject, invoice: StripeObject, catalogue: Catalogue) -> Line | None:
    item = _details(line)
    is_one_off = at(item, "subscription_item") is None and not _is_proration(line)
    price_id = reference(line, "pricing", "price_details", "price")
    if is_one_off and (price_id not in catalogue.prices or subscription_of(invoice) is None):
        return None
    amount_minor = number(line, "amount") or 0
    discount_minor = sum(abs(number(one, "amount") or 0) for one in at(line, "discount_amounts") or [])
    # Metadata names the current plan, so a returned item is identified only by its price.
    names = (
        ()
        if amount_minor < 0
        else (at(line, "metadata"), at(invoice, "parent", "subscription_details", "metadata"))
    )
    sold = catalogue.sold_by(price_id, *names)
    starts_at, ends_at = moment(line, "period", "start"), moment(line, "period", "end")
    if starts_at is None or ends_at is None or ends_at < starts_at:
        raise EventRefusedError(
            "invoice_malformed", f"line {text(line, 'id')} does not say which time it is for"
        )
    quantity = number(line, "quantity")
    paid_minor = max(0, abs(amount_minor) - discount_minor)
    whole_months = 1 if sold.pack else max(1, round((ends_at - starts_at).total_seconds() / _MONTH_S))
    return Line(
        subscription_id=reference(item, "subscription"),
        sold=sold,
        credits=catalogue.credits_of(sold) * (1 if quantity is None else quantity),
        amount_minor=paid_minor if amount_minor > 0 else -paid_minor,
        months=(sold.months or 1) if _is_proration(line) else whole_months,
        starts_at=starts_at,
        ends_at=ends_at,
        is_proration=_is_proration(line),
        is_charge=amount_minor > 0,
    )


def _is_proration(line: StripeObject) -> bool:
    return at(_details(line), "proration") is True


def _details(line: StripeObject) -> StripeObject:
    """Of its own item: a subscription's, or one that was added to the invoice."""
    kind = text(line, "parent", "type") or "subscription_item_details"
    return at(line, "parent", kind) or {}
