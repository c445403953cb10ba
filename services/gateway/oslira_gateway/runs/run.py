"""A run as the API shows it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from oslira_shared.contracts.analysis.v1 import ENDED, Progress, RunStatus, RunType


@dataclass(frozen=True, slots=True)
class RunError:
    """Why a run ended without a result."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class RunCredits:
    """Where the run's price is: held, charged and released always add up to it."""

    held: int
    charged: int
    released: int


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run without its result: lists, and streams of many runs, show this.

    `type` business_profile is a draft: it has no username and no business, and its result is what can be saved as one.

    `seq` rises with every change. `source` says who answered: the bus (`live`) or Postgres (`database`).

    `is_from_cache` is for operators only: null for everybody else, and on streams.

    `queue_position` and `eta_s` are there while the run is `waiting`; `events_url` holds a ticket for ten minutes.
    """

    run_id: UUID
    business_profile_id: UUID | None
    type: RunType
    username: str | None
    status: RunStatus
    progress: int
    current_step: str
    should_cancel: bool
    queue_position: int | None
    eta_s: int | None
    error: RunError | None
    credits: RunCredits
    is_from_cache: bool | None
    lead_id: UUID | None
    created_at: datetime
    finished_at: datetime | None
    seq: int
    source: Literal["live", "database"] = "database"
    poll_url: str | None = None
    events_url: str | None = None

    @property
    def is_ended(self) -> bool:
        """Whether it has ended. Only its settlement may follow."""
        return self.status in ENDED

    @property
    def waits_as(self) -> tuple[int | None, int | None, str]:
        """Values of a waiting run that change without a new `seq`."""
        return self.queue_position, self.eta_s, self.current_step

    def advanced(self, progress: Progress) -> Self:
        """This run with a newer snapshot from the bus. Values that only Postgres has are kept or null."""
        return replace(
            self,
            status=progress.status,
            progress=max(self.progress, progress.progress),
            current_step=progress.current_step,
            should_cancel=progress.should_cancel,
            queue_position=None,
            eta_s=None,
            seq=progress.seq,
            source="live",
        )

    def is_newer_than(self, sent: Self | None) -> bool:
        """Whether a stream that has sent `sent` should send this. An older or an equal state is not sent."""
        if sent is None or self.seq > sent.seq:
            return True
        return self.seq == sent.seq and self.waits_as != sent.waits_as


@dataclass(frozen=True, slots=True)
class Run(RunSummary):
    """A run. `result` is there once it has completed; its `type` is the run's."""

    result: dict[str, Any] | None = None
