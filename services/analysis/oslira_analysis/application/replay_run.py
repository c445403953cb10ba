"""Replay a failed run: the same order as a new run with its own hold, because the old one was released.

Its id derives from the failed one's, so two replays make one run. A rejected replay has used its id, so
the next one takes another. The ids change each day.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from oslira_shared.errors import OsliraError
from oslira_shared.ids import derived_id

from oslira_analysis.application.after_commit import AfterCommit
from oslira_analysis.application.rows import Effects

_MOST_A_DAY: Final = 8


def days_since_1970() -> int:
    """Today, in UTC."""
    return int(time.time() // 86_400)


@dataclass(frozen=True, slots=True)
class FailedRun:
    """What a new run copies from it."""

    run_id: UUID
    account_id: UUID
    price_credits: int


class FailedRuns(Protocol):
    """Runs that failed."""

    async def find(self, run_id: UUID) -> FailedRun | None:
        """None if the id is not a failed run's."""
        ...

    async def is_run(self, run_id: UUID) -> bool:
        """Whether a run with this id exists, in any state."""
        ...

    async def accept_again(self, run_id: UUID, new_run_id: UUID) -> tuple[str, UUID, Effects]:
        """(accept_run's outcome, the id of the current run, what to publish)."""
        ...


class Holds(Protocol):
    """Holds of credits, by the id of their run."""

    async def hold(self, run_id: UUID, account_id: UUID, amount_credits: int) -> None:
        """Raises OsliraError: insufficient_credits, id_closed, unavailable."""
        ...

    async def release(self, run_id: UUID) -> None:
        """Best effort: a hold without a run is released when it is due."""
        ...


@dataclass(frozen=True, slots=True)
class ReplayPorts:
    """The ports of a replay."""

    failed_runs: FailedRuns
    holds: Holds
    after: AfterCommit
    today: Callable[[], int] = days_since_1970


async def replay_run(run_id: UUID, ports: ReplayPorts) -> UUID:
    """Returns the new run. Raises OsliraError: run_not_found, conflict, insufficient_credits, cost_limit_reached."""
    failed = await ports.failed_runs.find(run_id)
    if failed is None:
        raise OsliraError("run_not_found", "There is no failed run of this id.")
    new_run_id = await _hold(failed, ports)
    outcome, now_run_id, effects = await ports.failed_runs.accept_again(run_id, new_run_id)
    await ports.after.publish(effects)
    if outcome in {"same", "cost_limit", "closed"}:
        await ports.holds.release(new_run_id)
    if outcome == "cost_limit":
        raise OsliraError("cost_limit_reached", "The account has reached its limit for today.")
    return now_run_id


async def _hold(failed: FailedRun, ports: ReplayPorts) -> UUID:
    """The first free id, and its hold. A closed id without a run belongs to a rejected replay."""
    for new_run_id in _ids(failed.run_id, ports.today()):
        try:
            await ports.holds.hold(new_run_id, failed.account_id, failed.price_credits)
        except OsliraError as error:
            if error.code != "id_closed":
                raise
            if await ports.failed_runs.is_run(new_run_id):
                raise OsliraError(
                    "conflict", "It was replayed before; replay that run.", run_id=str(new_run_id)
                ) from error
        else:
            return new_run_id
    raise OsliraError("conflict", f"It was refused {_MOST_A_DAY} times today; try tomorrow.")


def _ids(run_id: UUID, today: int) -> Iterator[UUID]:
    yield derived_id("replay", run_id)
    for number in range(_MOST_A_DAY):
        yield derived_id("replay", run_id, today, number)
