"""The outcome of a run, which credits requests before it settles a hold."""

from typing import Final
from uuid import UUID

from oslira_shared.contracts.analysis.v1 import Outcome, OutcomeState

from oslira_analysis.application.ports import Settlements

_STATES: Final = {
    "completed": OutcomeState.COMPLETED,
    "failed": OutcomeState.FAILED,
    "cancelled": OutcomeState.CANCELLED,
    "closed": OutcomeState.UNKNOWN,
}


async def report_outcome(hold_id: UUID, settlements: Settlements) -> Outcome:
    """A request for an unknown id closes it, so that a late accept is rejected too."""
    state, price_credits = await settlements.outcome(hold_id)
    outcome = _STATES.get(state, OutcomeState.UNFINISHED)
    capture_credits = price_credits if outcome is OutcomeState.COMPLETED else 0
    return Outcome(hold_id=hold_id, state=outcome, capture_credits=capture_credits)
