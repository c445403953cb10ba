"""What a paid invoice or checkout pays for: credits now, credits of later months, and the money at stake."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import lru_cache
from typing import Final

from oslira_billing.domain.calendar import month_after, months_between, months_until
from oslira_billing.domain.catalogue import Catalogue, Priced
from oslira_billing.domain.errors import EventRefusedError
from oslira_billing.domain.fields import StripeObject, at, moment, number, reference, rows, text
from oslira_billing.domain.lines import Line, read_lines, subscription_of

_PAID: Final = frozenset({"paid", "no_payment_required"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Grant:
    """`key` is the idempotency key. `source` is the ledger's source of the credits; `starts_at` of their period."""

    key: str
    amount_credits: int
    source: str
    starts_at: datetime = _EPOCH


@dataclass(frozen=True, slots=True)
class Span:
    """Months paid in advance: so many credits at each that begins within (starts_at, ends_at), counted from `anchor`.

    Below 0: what another span of the subscription no longer grants.
    """

    monthly_credits: int
    anchor: datetime
    starts_at: datetime
    ends_at: datetime

    def months(self) -> frozenset[datetime]:
        """The start of each."""
        return _months(self.anchor, self.starts_at, self.ends_at)


# Each month of a group asks every span of it. Computed each time, this took two thirds of the daily job.
@lru_cache(maxsize=4_096)
def _months(anchor: datetime, starts_at: datetime, ends_at: datetime) -> frozenset[datetime]:
    numbers = range(1, months_between(anchor, ends_at) + 1)
    begins = (month_after(anchor, number) for number in numbers)
    return frozenset(one for one in begins if starts_at < one < ends_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stake:
    """How a purchase was paid: by card, from the customer's balance, by credit for returned items, or waived.

    `credit_note_minor`: waived by a credit note before payment, so it was never paid.
    """

    cash_minor: int = 0
    balance_minor: int = 0
    returned_minor: int = 0
    credit_note_minor: int = 0
    currency: str = ""

    @property
    def total_minor(self) -> int:
        """The price of all its credits."""
        return self.cash_minor + self.balance_minor + self.returned_minor + self.credit_note_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """`id`: the invoice's or the checkout's. `group`: its credits are counted with this group, a subscription's id or its own.

    `total_credits`: all that it pays for, including later months, less what it returns. `returned_credits`: of those
    granted before `returned_at`.
    """

    id: str
    group: str
    made_at: datetime
    stake: Stake
    total_credits: int
    grants: tuple[Grant, ...] = ()
    returned_credits: int = 0
    returned_at: datetime | None = None
    spans: tuple[Span, ...] = ()

    def monthly(self, begins: datetime) -> int:
        """Credits of the month that begins then; below 0 if it returns more than it grants."""
        return sum(span.monthly_credits for span in self.spans if begins in span.months())


def period_key(subscription_id: str, starts_at: datetime) -> str:
    """The key of a subscription's credits for the period that begins then."""
    return f"sub:{subscription_id}:{starts_at.timestamp():.0f}"


def payment_of_session(session: StripeObject) -> str | None:
    """The payment of a pack's checkout; None for other checkouts: a plan is paid by its invoices."""
    return reference(session, "payment_intent") if text(session, "mode") == "payment" else None


def purchase_of_session(
    session: StripeObject, catalogue: Catalogue, items: Sequence[StripeObject] = ()
) -> Purchase | None:
    """A finished checkout's packs, once they are paid. Plans are bought by their invoices.

    `items` say which and how many, by their prices; if none is a pack's, the metadata names one pack.
    """
    if text(session, "mode") != "payment" or text(session, "payment_status") not in _PAID:
        return None
    sold = sum(_pack_credits(item, catalogue) for item in items)
    if not sold:
        pack = catalogue.pack_of(at(session, "metadata"))
        if pack is None:
            return None
        sold = catalogue.packs[pack]
    session_id = text(session, "id") or ""
    stake = Stake(cash_minor=number(session, "amount_total") or 0, currency=text(session, "currency") or "")
    return _one_off(session, Grant(f"session:{session_id}", sold, "pack"), stake)


def _pack_credits(item: StripeObject, catalogue: Catalogue) -> int:
    sold = catalogue.prices.get(reference(item, "price") or "", Priced())
    quantity = number(item, "quantity")
    return catalogue.credits_of(sold) * (1 if quantity is None else quantity) if sold.pack else 0


@dataclass(frozen=True, slots=True)
class ReadInvoice:
    """`anchor`: the billing cycle anchor of its subscription. `known`: other subscriptions of the account.

    `trial_key` makes a trial's grant happen once per account.
    """

    catalogue: Catalogue
    trial_key: str
    anchor: datetime | None = None
    known: frozenset[str] = frozenset()

    def __call__(self, invoice: StripeObject) -> Sequence[Purchase]:
        """What a paid invoice pays for, one for each subscription on it. Raises EventRefusedError.

        Periods in full, prorations by their time, later months as spans, trials by the plan's policy. One without a
        subscription sells the pack in its own metadata; if a checkout made it, it names none: the session grants that.
        """
        billed, lines = subscription_of(invoice), read_lines(invoice, self.catalogue)
        groups: dict[str, list[Line]] = {}
        for line in lines:
            groups.setdefault(self._group(line, billed), []).append(line)
        if billed is None and (pack := self.catalogue.pack_of(at(invoice, "metadata"))) is not None:
            grant = Grant(_invoice_key(invoice), self.catalogue.packs[pack], "pack")
            return [_one_off(invoice, grant, _stake(invoice))]
        if billed is not None and not rows(invoice, "lines"):
            raise EventRefusedError("invoice_malformed", "no line of the invoice says what it pays for")
        paid = {group: sum(line.amount_minor for line in of) for group, of in groups.items()}
        found: list[Purchase] = []
        for group, of in groups.items():
            others = -sum(amount for other, amount in paid.items() if other != group and amount < 0)
            found += self._purchases(invoice, group, of, _stake(invoice, returned_minor=others))
        return found

    def _group(self, line: Line, billed: str | None) -> str:
        own = line.subscription_id
        if billed is None or (line.is_proration and own in self.known):
            return own or ""
        return billed

    def _purchases(
        self, invoice: StripeObject, group: str, lines: Sequence[Line], stake: Stake
    ) -> Sequence[Purchase]:
        invoice_id, made_at = text(invoice, "id") or "", moment(invoice, "created") or lines[0].starts_at
        whole = [line for line in lines if line.is_charge and not line.is_proration]
        changes = [line for line in lines if line.is_proration or line.amount_minor < 0]
        trials = [line for line in lines if line not in whole and line not in changes]
        found = [] if not trials else self._trial(invoice_id, trials, made_at)
        if not whole and not changes:
            return found
        current, total, spans = self._prorated(changes)
        grants = _periods(group, whole)
        if current > 0:
            starts_at = min(line.starts_at for line in changes)
            grants.append(Grant(_invoice_key(invoice), current, "subscription", starts_at))
        bought = Purchase(
            id=invoice_id,
            group=group,
            made_at=made_at,
            stake=stake,
            total_credits=total + sum(line.credits * line.months for line in whole),
            grants=tuple(grants),
            returned_credits=max(0, -current),
            returned_at=min((line.starts_at for line in changes), default=None),
            spans=tuple(spans + [_months_to_come(line) for line in whole if line.months > 1]),
        )
        return [bought, *found]

    def _prorated(self, changes: Sequence[Line]) -> tuple[int, int, list[Span]]:
        """(credits of the current month, of all the time, later months)."""
        current, total, spans = Fraction(0), Fraction(0), list[Span]()
        for line in changes:
            now, monthly, later = line.prorated(self.anchor)
            current += now
            total += now + monthly * later
            if later:
                begins = months_until(line.ends_at, line.months, anchor=self.anchor)[0]
                spans.append(Span(monthly, begins, line.starts_at, line.ends_at))
        return _rounded(current), _rounded(total), spans

    def _trial(self, invoice_id: str, lines: Sequence[Line], made_at: datetime) -> list[Purchase]:
        amount = max(self.catalogue.trials.get(line.sold.plan or "", 0) for line in lines)
        if amount == 0:
            return []
        grant = Grant(self.trial_key, amount, "trial", made_at)
        return [
            Purchase(
                id=invoice_id,
                group=self.trial_key,
                made_at=made_at,
                stake=Stake(),
                total_credits=amount,
                grants=(grant,),
            )
        ]


def _periods(group: str, lines: Sequence[Line]) -> list[Grant]:
    """One grant for each period that begins, for any number of lines."""
    credits_: dict[datetime, int] = {}
    for line in lines:
        credits_[line.starts_at] = credits_.get(line.starts_at, 0) + line.credits
    return [
        Grant(period_key(group, starts_at), amount, "subscription", starts_at)
        for starts_at, amount in sorted(credits_.items())
    ]


def _months_to_come(line: Line) -> Span:
    return Span(line.credits, line.starts_at, line.starts_at, line.ends_at)


def _one_off(object_: StripeObject, grant: Grant, stake: Stake) -> Purchase:
    object_id = text(object_, "id") or ""
    made_at = moment(object_, "created") or _EPOCH
    total = grant.amount_credits
    return Purchase(
        id=object_id, group=object_id, made_at=made_at, stake=stake, total_credits=total, grants=(grant,)
    )


def _stake(invoice: StripeObject, *, returned_minor: int = 0) -> Stake:
    # A balance below 0 is the customer's credit: using it makes the balance grow.
    used = (number(invoice, "ending_balance") or 0) - (number(invoice, "starting_balance") or 0)
    return Stake(
        cash_minor=max(0, number(invoice, "amount_paid") or 0),
        balance_minor=max(0, used),
        returned_minor=returned_minor,
        credit_note_minor=number(invoice, "pre_payment_credit_notes_amount") or 0,
        currency=text(invoice, "currency") or "",
    )


def _invoice_key(invoice: StripeObject) -> str:
    return f"invoice:{text(invoice, 'id')}"


def _rounded(credits_: Fraction) -> int:
    """To the nearest, the same for grants and returns, so that changing back and forth makes no credits."""
    whole = int(abs(credits_) + Fraction(1, 2))
    return whole if credits_ >= 0 else -whole
