"""What a run's outcome means for its hold."""

from dataclasses import dataclass
from uuid import UUID

from oslira_shared.contracts.analysis.v1 import OutcomeState

from oslira_credits.domain.amounts import Credits
from oslira_credits.domain.hold import Hold


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run or bulk stands, as analysis says, and what it owes if it completed."""

    hold_id: UUID
    state: OutcomeState
    capture: Credits = 0


@dataclass(frozen=True, slots=True)
class Settle:
    """Capture this much and release the rest.

    `unpaid` is what the outcome asks beyond the hold: a fault of ours, told to operators and never charged.
    """

    capture: Credits
    unpaid: Credits = 0


@dataclass(frozen=True, slots=True)
class Extend:
    """The run is still at work: let the hold live on."""


def decide(outcome: Outcome, hold: Hold | None) -> Settle | Extend:
    """Only a completed run is paid for, and never with more than was held for it. A run nobody knows gives its credits back."""
    if outcome.state is OutcomeState.UNFINISHED:
        return Extend()
    if outcome.state is not OutcomeState.COMPLETED:
        return Settle(capture=0)
    held = hold.amount if hold is not None else 0
    capture = min(outcome.capture, held)
    return Settle(capture, unpaid=outcome.capture - capture)
