"""A bulk as the API shows it, and the order for one."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from oslira_shared.catalog import OFFERS
from oslira_shared.contracts.analysis.v1 import AnalysisType, RunStatus

from oslira_gateway.bulk.name_list import NameList, RejectedLine
from oslira_gateway.runs.run import RunCredits, RunError

BulkStatus = Literal["running", "completed", "cancelled"]
StoppedBecause = Literal["cancelled", "enough_leads"]


@dataclass(frozen=True, slots=True)
class Refresh:
    """The leads that a bulk refreshes, by the names in the request. A profile whose newest item was fetched within
    `unchanged_within` and was analysed since is listed with that analysis.
    """  # noqa: D205

    lead_ids: tuple[str, ...]
    unchanged_within: timedelta


@dataclass(frozen=True, slots=True)
class BulkOrder:
    """Names to analyse in the same way. `max_credits` limits the cost; `stop_after_leads` ends it once so many score `stop_score`.

    `refresh` is set if a fresh analysis must not be used instead of a new one.
    """

    names: NameList
    type: AnalysisType
    business_profile_id: UUID
    max_age: timedelta
    max_credits: int | None = None
    stop_after_leads: int | None = None
    stop_score: int | None = None
    refresh: Refresh | None = None

    @property
    def reuse_within(self) -> timedelta:
        """How old a finished analysis may be to be listed instead of a new one; 0 for a refresh."""
        return timedelta(seconds=-1) if self.refresh else self.max_age

    @property
    def price_credits(self) -> int:
        """The price of one analysis."""
        return OFFERS[self.type].price_credits

    @property
    def body_hash(self) -> str:
        """Equal for equivalent orders. A refresh is identified by its leads: deleting one later does not make it another order."""
        parts: list[Any] = [
            "refresh" if self.refresh else "bulk",
            self.refresh.lead_ids if self.refresh else [name.username for name in self.names.names],
            self.type,
            str(self.business_profile_id),
            self.max_age.total_seconds(),
            self.max_credits,
            self.stop_after_leads,
            self.stop_score,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def affordable(self, wanted: int) -> int:
        """How many of `wanted` new analyses stay within `max_credits`."""
        if self.max_credits is None:
            return wanted
        return min(wanted, self.max_credits // max(1, self.price_credits))


@dataclass(frozen=True, slots=True)
class Quote:
    """What a bulk would do now. `most_credits`: its highest cost; names that are `cached` or active cost nothing."""

    new: int
    cached: int
    duplicate: int
    invalid: int
    blank: int
    price_credits: int
    most_credits: int
    over_max_credits: int
    expected_s: int
    expected_finish_at: datetime
    rejected: list[RejectedLine]


@dataclass(frozen=True, slots=True)
class BulkCounts:
    """Its items by state. `linked` ones were active or fresh before: neither charged nor cancelled with it."""

    total: int
    linked: int
    waiting: int
    running: int
    completed: int
    failed: int
    cancelled: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Bulk:
    """`seq` rises with every change of the bulk or of one of its items."""

    bulk_id: UUID
    business_profile_id: UUID
    type: AnalysisType
    status: BulkStatus
    stopped_because: StoppedBecause | None
    counts: BulkCounts
    progress: int
    credits: RunCredits
    rejected: list[RejectedLine]
    created_at: datetime
    finished_at: datetime | None
    seq: int
    events_url: str | None = None

    @property
    def is_ended(self) -> bool:
        """Whether none of its runs is active."""
        return self.status != "running"


@dataclass(frozen=True, slots=True)
class BulkItem:
    """One name of a bulk: `line` in the list, and the state of its run."""

    line: int
    run_id: UUID
    username: str
    is_linked: bool
    status: RunStatus
    progress: int
    current_step: str
    score: int | None
    lead_id: UUID | None
    error: RunError | None
    finished_at: datetime | None
    seq: int
