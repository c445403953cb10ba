"""The reversals of a purchase, at Stripe or in our records, and their differences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from oslira_billing.domain.reversal import QUIET, Charge, CreditNote, Dispute, MoneyBack

_LOST: Final = "lost"
_OPEN: Final = "open"
_CALM: Final = "calm"

# Kinds of mismatch: an alert and its runbook name them.
REFUND_WITHOUT_REVERSAL: Final = "refund_without_reversal"
NOTE_WITHOUT_REVERSAL: Final = "credit_note_without_reversal"
LOST_WITHOUT_REVERSAL: Final = "lost_dispute_without_reversal"
REVERSAL_WITHOUT_REFUND: Final = "reversal_without_refund"
DISPUTE_WITHOUT_FREEZE: Final = "dispute_without_freeze"
FREEZE_WITHOUT_DISPUTE: Final = "freeze_without_dispute"
FREEZE_AFTER_DISPUTE: Final = "freeze_after_dispute_closed"


@dataclass(frozen=True, slots=True)
class FactDifference:
    """Our record of Stripe's `stripe_id` is wrong. Amounts in minor units."""

    kind: str
    stripe_id: str
    stripe_minor: int
    recorded_minor: int
    detail: str


@dataclass(frozen=True, slots=True)
class MoneyFacts:
    """By Stripe's ids. `disputes`: (the charge's id, the dispute)."""

    charges: Mapping[str, Charge] = field(default_factory=dict[str, Charge])
    disputes: Mapping[str, tuple[str, Dispute]] = field(default_factory=dict[str, tuple[str, Dispute]])
    notes: Mapping[str, CreditNote] = field(default_factory=dict[str, CreditNote])

    def money_back(self) -> MoneyBack:
        """In the form that net credits are computed from."""
        charges = [
            (charge, [dispute for charge_id, dispute in self.disputes.values() if charge_id == charge.id])
            for charge in self.charges.values()
        ]
        return MoneyBack(charges, sum(note.amount_minor for note in self.notes.values()))

    def differences(self, recorded: "MoneyFacts") -> Sequence[FactDifference]:
        """Where `recorded` differs from this, Stripe's."""
        return [*self._charges(recorded), *self._notes(recorded), *self._disputes(recorded)]

    def cause(self) -> tuple[str, str]:
        """(kind of mismatch, Stripe's id) of reversals."""
        for id_, charge in self.charges.items():
            if charge.refunded_minor:
                return REFUND_WITHOUT_REVERSAL, id_
        for id_, (_, dispute) in self.disputes.items():
            if dispute.state == _LOST:
                return LOST_WITHOUT_REVERSAL, id_
        return NOTE_WITHOUT_REVERSAL, next(iter(self.notes), "")

    def _charges(self, recorded: "MoneyFacts") -> list[FactDifference]:
        found: list[FactDifference] = []
        for id_ in sorted({*self.charges, *recorded.charges}):
            there, here = _refunded(self, id_), _refunded(recorded, id_)
            if there != here:
                kind = REFUND_WITHOUT_REVERSAL if there > here else REVERSAL_WITHOUT_REFUND
                detail = f"Stripe refunded {there} of charge {id_}, {here} is recorded"
                found.append(FactDifference(kind, id_, there, here, detail))
        return found

    def _notes(self, recorded: "MoneyFacts") -> list[FactDifference]:
        found: list[FactDifference] = []
        for id_ in sorted({*self.notes, *recorded.notes}):
            there, here = _noted(self, id_), _noted(recorded, id_)
            if there != here:
                kind = NOTE_WITHOUT_REVERSAL if there > here else REVERSAL_WITHOUT_REFUND
                detail = f"credit note {id_} is of {there} at Stripe, {here} is recorded"
                found.append(FactDifference(kind, id_, there, here, detail))
        return found

    def _disputes(self, recorded: "MoneyFacts") -> list[FactDifference]:
        found: list[FactDifference] = []
        for id_ in sorted({*self.disputes, *recorded.disputes}):
            there, here = _stage(self, id_), _stage(recorded, id_)
            if there == here:
                continue
            _, dispute = self.disputes.get(id_) or recorded.disputes[id_]
            detail = f"dispute {id_} is {there} at Stripe, {here} is recorded"
            kind = _kind(there, here, is_there=id_ in self.disputes)
            minor = [dispute.amount_minor if id_ in side.disputes else 0 for side in (self, recorded)]
            found.append(FactDifference(kind, id_, minor[0], minor[1], detail))
        return found


def _kind(there: str, here: str, *, is_there: bool) -> str:
    if there == _OPEN:
        return DISPUTE_WITHOUT_FREEZE
    if there == _LOST:
        return LOST_WITHOUT_REVERSAL
    if here == _LOST:
        return REVERSAL_WITHOUT_REFUND
    return FREEZE_AFTER_DISPUTE if is_there else FREEZE_WITHOUT_DISPUTE


def _refunded(facts: MoneyFacts, charge_id: str) -> int:
    return facts.charges[charge_id].refunded_minor if charge_id in facts.charges else 0


def _noted(facts: MoneyFacts, note_id: str) -> int:
    return facts.notes[note_id].amount_minor if note_id in facts.notes else 0


def _stage(facts: MoneyFacts, dispute_id: str) -> str:
    """A dispute's effect on credits: revokes them (lost), freezes them (open), or none (calm)."""
    if dispute_id not in facts.disputes:
        return _CALM
    state = facts.disputes[dispute_id][1].state
    if state == _LOST:
        return _LOST
    return _CALM if state in QUIET else _OPEN
