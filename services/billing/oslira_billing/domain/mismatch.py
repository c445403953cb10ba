"""Compares money at Stripe with what was granted for it: every mismatch with its ids, amounts and credits."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from oslira_billing.domain.group import Freeze, Given, Group, Move, Paid, Restore, Revoke
from oslira_billing.domain.money_facts import (
    DISPUTE_WITHOUT_FREEZE,
    FREEZE_AFTER_DISPUTE,
    FREEZE_WITHOUT_DISPUTE,
    LOST_WITHOUT_REVERSAL,
    NOTE_WITHOUT_REVERSAL,
    REFUND_WITHOUT_REVERSAL,
    REVERSAL_WITHOUT_REFUND,
    MoneyFacts,
)
from oslira_billing.domain.purchase import Purchase, Stake

PAYMENT_WITHOUT_GRANT: Final = "payment_without_grant"
PAYMENT_NOT_UNDERSTOOD: Final = "payment_not_understood"
GRANT_WITHOUT_PAYMENT: Final = "grant_without_payment"
AMOUNT_DIFFERS: Final = "payment_amount_differs"
CREDITS_DIFFER: Final = "granted_credits_differ"
KINDS: Final = (
    PAYMENT_WITHOUT_GRANT,
    PAYMENT_NOT_UNDERSTOOD,
    GRANT_WITHOUT_PAYMENT,
    AMOUNT_DIFFERS,
    CREDITS_DIFFER,
    REFUND_WITHOUT_REVERSAL,
    NOTE_WITHOUT_REVERSAL,
    LOST_WITHOUT_REVERSAL,
    REVERSAL_WITHOUT_REFUND,
    DISPUTE_WITHOUT_FREEZE,
    FREEZE_WITHOUT_DISPUTE,
    FREEZE_AFTER_DISPUTE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """`stripe_id`: the invoice, checkout, charge, credit note or dispute. `credits`: the ledger's error, 0 if none yet."""

    kind: str
    stripe_id: str
    purchase_id: str | None
    account_id: UUID | None
    detail: str
    stripe_minor: int | None = None
    recorded_minor: int | None = None
    currency: str = ""
    credits: int = 0


@dataclass(frozen=True, slots=True)
class GrantStatus:
    """A grant as the ledger has it."""

    credits: int
    taken_credits: int
    is_frozen: bool


@dataclass(frozen=True, slots=True)
class Payment:
    """A paid invoice or checkout as Stripe has it."""

    id: str
    cash_minor: int
    currency: str


def payment_differences(payment: Payment, account_id: UUID, stakes: Sequence[Stake]) -> Sequence[Mismatch]:
    """Mismatches between our record of a payment and what was paid.

    `stakes`: of its parts. Each has the whole cash, except a trial's, which has none; nothing paid has no currency.
    """
    paid = (payment.cash_minor, payment.currency if payment.cash_minor else "")
    if any((one.cash_minor, one.currency if one.cash_minor else "") == paid for one in stakes):
        return []
    recorded = max(stakes, key=lambda one: one.cash_minor)
    detail = (
        f"{payment.cash_minor} {payment.currency} were paid for {payment.id}, "
        f"{recorded.cash_minor} {recorded.currency} are recorded"
    )
    return [
        Mismatch(
            kind=AMOUNT_DIFFERS,
            stripe_id=payment.id,
            purchase_id=payment.id,
            account_id=account_id,
            detail=detail,
            stripe_minor=payment.cash_minor,
            recorded_minor=recorded.cash_minor,
            currency=payment.currency,
        )
    ]


def merged(mismatches: Iterable[Mismatch]) -> Sequence[Mismatch]:
    """One of each kind and Stripe id: an invoice may have several grants that differ."""
    found: dict[tuple[str, str], Mismatch] = {}
    for one in mismatches:
        key = (one.kind, one.stripe_id)
        before = found.get(key)
        if before is not None:
            detail = before.detail if one.detail in before.detail else f"{before.detail}; {one.detail}"
            one = replace(before, detail=detail, credits=before.credits + one.credits)  # noqa: PLW2901
        found[key] = one
    return list(found.values())


def not_recorded(payment: Payment, account_id: UUID, expected: Sequence[Purchase]) -> Mismatch:
    """A payment without a record, and what it pays for."""
    due = sum(one.total_credits for one in expected)
    return Mismatch(
        kind=PAYMENT_WITHOUT_GRANT,
        stripe_id=payment.id,
        purchase_id=payment.id,
        account_id=account_id,
        detail=f"{payment.id} pays for {due} credits in all, and no purchase is recorded",
        stripe_minor=payment.cash_minor,
        recorded_minor=0,
        currency=payment.currency,
        credits=due,
    )


@dataclass(frozen=True, slots=True)
class CompareGroup:
    """A group of purchases and grants as we recorded it, compared with Stripe and the ledger.

    `facts`: of the purchases that were read from Stripe, by their ids; the others count as recorded.
    """

    account_id: UUID
    group: Group
    ledger: Mapping[str, GrantStatus]
    facts: Mapping[str, MoneyFacts]
    recorded: Mapping[str, MoneyFacts]

    def __call__(self) -> Sequence[Mismatch]:
        """Money facts that differ, and grants that don't match Stripe's facts."""
        moves = self._at_stripe().moves()
        found = [one for purchase_id in self.facts for one in self._of_facts(purchase_id, moves)]
        named = {one.purchase_id for one in found}
        return [*self._of_grants(), *found, *self._of_moves(moves, named)]

    def _at_stripe(self) -> Group:
        """The group as if everything at Stripe were recorded, with the ledger's grants."""
        given = [_as_in_ledger(one, self.ledger[one.key]) for one in self._granted()]
        return Group([self._paid(one) for one in self.group.paid], given)

    def _paid(self, recorded: Paid) -> Paid:
        facts = self.facts.get(recorded.purchase.id)
        if facts is None:
            return recorded
        back = facts.money_back()
        back_minor = back.minor_of(recorded.purchase.stake)
        return replace(recorded, back_minor=back_minor, is_disputed=back.is_disputed)

    def _granted(self) -> list[Given]:
        return [one for one in self.group.given if one.key in self.ledger]

    def _of_facts(self, purchase_id: str, moves: Sequence[Move]) -> Sequence[Mismatch]:
        differences = self.facts[purchase_id].differences(self.recorded.get(purchase_id, MoneyFacts()))
        return [
            self._mismatch(
                one.kind,
                one.stripe_id,
                purchase_id,
                one.detail,
                credits_=sum(self._credits(move, purchase_id) for move in moves),
                minor=(one.stripe_minor, one.recorded_minor),
            )
            for one in differences
        ]

    def _of_grants(self) -> Sequence[Mismatch]:
        found: list[Mismatch] = []
        for one in self.group.given:
            status = self.ledger.get(one.key)
            if status is None:
                detail = f"the ledger has no grant {one.key} of {one.credits} credits"
                kind, credits_ = PAYMENT_WITHOUT_GRANT, one.credits
            elif status.credits != one.credits:
                detail = (
                    f"{one.credits} credits are recorded under {one.key}, the ledger granted {status.credits}"
                )
                kind, credits_ = CREDITS_DIFFER, one.credits - status.credits
            else:
                continue
            found.append(self._mismatch(kind, one.purchase_id, one.purchase_id, detail, credits_=credits_))
        return found

    def _of_moves(self, moves: Sequence[Move], named: Collection[str | None]) -> Sequence[Mismatch]:
        """Grants that are wrong although everything is recorded: they were changed by hand, or a step was lost."""
        found: list[Mismatch] = []
        for move in moves:
            purchase_id = self._purchase_of(move)
            if purchase_id in named:
                continue
            kind, stripe_id, detail = self._why(move, purchase_id)
            credits_ = self._credits(move, purchase_id)
            found.append(self._mismatch(kind, stripe_id, purchase_id, detail, credits_=credits_))
        return found

    def _why(self, move: Move, purchase_id: str) -> tuple[str, str, str]:
        facts = self.facts.get(purchase_id) or self.recorded.get(purchase_id) or MoneyFacts()
        if isinstance(move, Revoke):
            kind, stripe_id = facts.cause()
            return (
                kind,
                stripe_id or purchase_id,
                f"{move.credits} credits of {move.key} are still to be taken back",
            )
        if isinstance(move, Restore):
            detail = f"{move.credits} credits were taken back of {purchase_id}, and its money was not"
            return REVERSAL_WITHOUT_REFUND, purchase_id, detail
        dispute_id = next(iter(facts.disputes), purchase_id)
        if isinstance(move, Freeze):
            return (
                DISPUTE_WITHOUT_FREEZE,
                dispute_id,
                f"a dispute is open, and grant {move.key} is not frozen",
            )
        kind = FREEZE_AFTER_DISPUTE if facts.disputes else FREEZE_WITHOUT_DISPUTE
        return kind, dispute_id, f"grant {move.key} is frozen, and no dispute is open"

    def _purchase_of(self, move: Move) -> str:
        if isinstance(move, Restore):
            return max(self._granted(), key=lambda one: (one.starts_at, one.key)).purchase_id
        return next(one.purchase_id for one in self.group.given if one.key == move.key)

    def _credits(self, move: Move, purchase_id: str) -> int:
        """The credits of a movement."""
        if self._purchase_of(move) != purchase_id:
            return 0
        if isinstance(move, Revoke | Restore):
            return move.credits
        status = self.ledger[move.key]
        return status.credits - status.taken_credits

    def _mismatch(
        self,
        kind: str,
        stripe_id: str,
        purchase_id: str,
        detail: str,
        *,
        credits_: int,
        minor: tuple[int | None, int | None] = (None, None),
    ) -> Mismatch:
        currencies = [
            one.purchase.stake.currency for one in self.group.paid if one.purchase.id == purchase_id
        ]
        return Mismatch(
            kind=kind,
            stripe_id=stripe_id,
            purchase_id=purchase_id,
            account_id=self.account_id,
            detail=detail,
            stripe_minor=minor[0],
            recorded_minor=minor[1],
            currency=currencies[0] if currencies else "",
            credits=credits_,
        )


def _as_in_ledger(given: Given, status: GrantStatus) -> Given:
    return replace(
        given,
        credits=status.credits,
        taken_credits=status.taken_credits,
        frozen_under=(given.frozen_under or given.key) if status.is_frozen else None,
    )
