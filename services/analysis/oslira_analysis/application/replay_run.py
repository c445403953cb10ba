"""Replay a failed run: the same order as a new run with a hold of its own, since the old one was released.

Its id derives from the failed one's: replayed twice, it is still one run.
"""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from oslira_shared.errors import OsliraError
from oslira_shared.ids import derived_id

from oslira_analysis.application.ports import Announcer
from oslira_analysis.application.rows import Effects


@dataclass(frozen=True, slots=True)
class FailedRun:
    """What a new one needs of it."""

    run_id: UUID
    account_id: UUID
    price_credits: int


class FailedRuns(Protocol):
    """Runs that failed."""

    async def find(self, run_id: UUID) -> FailedRun | None:
        """None for an id that is no failed run's."""
        ...

    async def accept_again(self, run_id: UUID, new_run_id: UUID) -> tuple[str, UUID, Effects]:
        """(outcome as of accept_run, the run that stands now, what to announce)."""
        ...


class Holds(Protocol):
    """Credits set aside, by the id of the run they are for."""

    async def hold(self, run_id: UUID, account_id: UUID, amount_credits: int) -> None:
        """Raises OsliraError: insufficient_credits, id_closed, unavailable."""
        ...

    async def give_back(self, run_id: UUID) -> None:
        """Best effort: a hold without a run is released when it comes due."""
        ...


@dataclass(frozen=True, slots=True)
class ReplayPorts:
    """What replaying needs."""

    failed_runs: FailedRuns
    holds: Holds
    announcer: Announcer


async def replay_run(run_id: UUID, ports: ReplayPorts) -> UUID:
    """The run that does it now. Raises OsliraError: run_not_found, conflict, insufficient_credits, cost_limit_reached."""
    failed = await ports.failed_runs.find(run_id)
    if failed is None:
        raise OsliraError("run_not_found", "There is no failed run of this id.")
    new_run_id = derived_id("replay", run_id)
    try:
        await ports.holds.hold(new_run_id, failed.account_id, failed.price_credits)
    except OsliraError as error:
        if error.code == "id_closed":
            raise OsliraError(
                "conflict", "It was replayed before; replay that run.", run_id=str(new_run_id)
            ) from error
        raise
    outcome, now_run_id, effects = await ports.failed_runs.accept_again(run_id, new_run_id)
    await ports.announcer.announce(effects)
    if outcome in {"same", "cost_limit", "closed"}:
        await ports.holds.give_back(new_run_id)
    if outcome == "cost_limit":
        raise OsliraError("cost_limit_reached", "The account has reached its limit for today.")
    return now_run_id
