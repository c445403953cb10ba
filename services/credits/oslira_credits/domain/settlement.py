"""How a run's outcome settles its hold."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from oslira_credits.domain.amounts import Credits
from oslira_credits.domain.hold import Hold


class OutcomeState(StrEnum):
    """How a run or bulk ended. `unknown`: it never existed, and never will; `unfinished`: it is active."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The state of a run or bulk in analysis, and its price if it completed."""

    hold_id: UUID
    state: OutcomeState
    capture: Credits = 0


@dataclass(frozen=True, slots=True)
class Settle:
    """Capture this much and release the rest.

    `unpaid` is the part of the price above the hold: a fault of ours, reported to operators and never charged.
    """

    capture: Credits
    unpaid: Credits = 0


@dataclass(frozen=True, slots=True)
class Extend:
    """The run is still active: extend the hold."""


def decide(outcome: Outcome, hold: Hold | None) -> Settle | Extend:
    """Only a completed run is charged, and never more than its hold. The hold of an unknown run is released."""
    if outcome.state is OutcomeState.UNFINISHED:
        return Extend()
    if outcome.state is not OutcomeState.COMPLETED:
        return Settle(capture=0)
    held = hold.amount if hold is not None else 0
    capture = min(outcome.capture, held)
    return Settle(capture, unpaid=outcome.capture - capture)
