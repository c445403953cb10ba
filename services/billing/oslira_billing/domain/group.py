"""How many credits are still paid for, and which movements bring the ledger there.

Computed from all records, so neither the order nor the repetition of events matters.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from oslira_billing.domain.purchase import Purchase


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Credits in the ledger under `key`: granted, and revoked so far.

    `is_month`: of a month that was paid in advance. `is_restored`: granted again after too many had been revoked.
    `freezes` counts the freezes so far; `frozen_under` is the key of the open one.
    """

    key: str
    purchase_id: str
    credits: int
    starts_at: datetime
    is_month: bool = False
    is_restored: bool = False
    taken_credits: int = 0
    frozen_under: str | None = None
    freezes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """A purchase and its reversals: `back_minor` of the stake was returned, `is_disputed` while more may be."""

    purchase: Purchase
    back_minor: int = 0
    is_disputed: bool = False


@dataclass(frozen=True, slots=True)
class Revoke:
    """Revoke credits of a grant."""

    key: str
    credits: int


@dataclass(frozen=True, slots=True)
class Restore:
    """Restore credits: a refund failed, or a dispute was won after all."""

    credits: int


@dataclass(frozen=True, slots=True)
class Freeze:
    """Freeze a grant: none of it can be spent."""

    key: str


@dataclass(frozen=True, slots=True)
class Unfreeze:
    """End that freeze."""

    key: str


Move: TypeAlias = Revoke | Restore | Freeze | Unfreeze


@dataclass(frozen=True, slots=True)
class Group:
    """All purchases and grants of one subscription, or of one pack."""

    paid: Sequence[Paid]
    given: Sequence[Given] = field(default_factory=tuple[Given, ...])

    def net_credits(self) -> int:
        """Granted credits, less those whose money was returned: by prorations, refunds, disputes and credit notes."""
        future = self._future()
        taken = sum(max(0, self._back(one) - future[one.purchase.id]) for one in self.paid)
        return max(0, self._granted() - taken)

    def month(self, begins: datetime) -> int | None:
        """Credits of the month that begins then; None while a payment for it is disputed.

        Of a partly returned payment the first future months are still paid, the last are not. A partly paid month is
        granted in full: the excess is then revoked.
        """
        future, amount = self._future(), 0
        for one, share in self._shares(begins):
            if share and one.is_disputed:
                return None
            if future[one.purchase.id] > self._back(one):
                amount += share
        return amount

    def months_due(self, at: datetime) -> list[datetime]:
        """Months that began by then and were not granted."""
        return sorted(begins for begins in self._months() - self._months_given() if begins <= at)

    def payer_of(self, begins: datetime) -> str:
        """The purchase that pays for a month: the latest of those that do."""
        return [one.purchase.id for one, share in self._shares(begins) if share][-1]

    def moves(self) -> list[Move]:
        """From the current state of the grants to the correct one.

        A refund is revoked first from its own grants, then from the newest; before any unfreeze, or it could be spent in between.
        """
        moves: list[Move] = []
        excess = sum(given.credits - given.taken_credits for given in self.given) - self.net_credits()
        refunded = {one.purchase.id for one in self.paid if one.back_minor}
        order = sorted(
            self.given,
            key=lambda given: (given.purchase_id in refunded, given.starts_at, given.key),
            reverse=True,
        )
        for given in order:
            part = min(excess, given.credits - given.taken_credits)
            if part > 0:
                moves.append(Revoke(given.key, part))
                excess -= part
        disputed = {one.purchase.id for one in self.paid if one.is_disputed}
        for given in self.given:
            is_disputed = given.purchase_id in disputed
            if is_disputed and given.frozen_under is None:
                moves.append(Freeze(given.key))
            elif not is_disputed and given.frozen_under is not None:
                moves.append(Unfreeze(given.key))
        if excess < 0:
            moves.append(Restore(-excess))
        return moves

    def _granted(self) -> int:
        """In order of time, so that a return revokes only what was granted before it, and no more."""
        returning = {one.purchase.id: one.purchase for one in self.paid if one.purchase.returned_credits}
        made_at = {one.purchase.id: one.purchase.made_at for one in self.paid}
        # The grants of an invoice come after its returns.
        steps = [
            (one.starts_at, made_at[one.purchase_id], 2 if one.purchase_id in returning else 0, one.credits)
            for one in self.given
            if not one.is_month and not one.is_restored
        ]
        # By what is known now, also if an invoice for it arrived late.
        steps += [(begins, begins, 0, max(0, self._monthly(begins))) for begins in self._months_given()]
        steps += [
            (one.returned_at or one.made_at, one.made_at, 1, -one.returned_credits)
            for one in returning.values()
        ]
        standing = 0
        for *_, credits_ in sorted(steps):
            standing = max(0, standing + credits_)
        return standing

    def _back(self, one: Paid) -> int:
        """Credits in proportion to the money that went back, rounded in the customer's favour."""
        total, stake_minor = max(0, one.purchase.total_credits), one.purchase.stake.total_minor
        return total * min(one.back_minor, stake_minor) // stake_minor if stake_minor else 0

    def _future(self) -> dict[str, int]:
        """Purchase → credits of its months that are not granted yet."""
        future = {one.purchase.id: 0 for one in self.paid}
        for begins in self._months() - self._months_given():
            for one, share in self._shares(begins):
                future[one.purchase.id] += share
        return future

    def _shares(self, begins: datetime) -> list[tuple[Paid, int]]:
        """What each purchase grants of a month, oldest first, up to what is left of it after later returns."""
        left, shares = max(0, self._monthly(begins)), list[tuple[Paid, int]]()
        for one in sorted(self.paid, key=lambda one: (one.purchase.made_at, one.purchase.id)):
            share = min(left, max(0, one.purchase.monthly(begins)))
            left -= share
            shares.append((one, share))
        return shares

    def _monthly(self, begins: datetime) -> int:
        return sum(one.purchase.monthly(begins) for one in self.paid)

    def _months(self) -> set[datetime]:
        return {begins for one in self.paid for span in one.purchase.spans for begins in span.months()}

    def _months_given(self) -> set[datetime]:
        return {given.starts_at for given in self.given if given.is_month}
