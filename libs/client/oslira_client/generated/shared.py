"""What several parts of the API speak of. Generated from docs/generated/openapi.json: `make openapi`."""

from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from oslira_client.shapes import Answer


class RunCredits(Answer):
    charged: int
    held: int
    released: int


class RunError(Answer):
    code: str
    detail: str


RunStatus: TypeAlias = (
    Literal["queued", "waiting", "scraping", "scoring", "completed", "failed", "cancelled"] | str
)


RunType: TypeAlias = Literal["light", "deep", "xray", "business_profile"] | str


class Run(Answer):
    business_profile_id: UUID | None
    created_at: datetime
    credits: RunCredits
    current_step: str
    error: RunError | None
    eta_s: int | None
    finished_at: datetime | None
    is_from_cache: bool | None
    lead_id: UUID | None
    progress: int
    queue_position: int | None
    result: dict[str, Any] | None
    run_id: UUID
    seq: int
    should_cancel: bool
    status: RunStatus
    type: RunType
    username: str | None
    events_url: str | None = None
    poll_url: str | None = None
    source: Literal["live", "database"] | str = "database"


class AcceptedRun(Answer):
    events_url: str
    poll_url: str
    run_id: UUID
    status: RunStatus


class BulkCounts(Answer):
    cancelled: int
    completed: int
    failed: int
    linked: int
    rejected: int
    running: int
    total: int
    waiting: int


AnalysisType: TypeAlias = Literal["light", "deep", "xray"] | str


class Bulk(Answer):
    bulk_id: UUID
    business_profile_id: UUID
    counts: BulkCounts
    created_at: datetime
    credits: RunCredits
    finished_at: datetime | None
    progress: int
    rejected: list[Any]
    seq: int
    status: str
    stopped_because: str | None
    type: AnalysisType
    events_url: str | None = None


class AcceptedBulk(Answer):
    bulk: Bulk
    bulk_id: UUID
    events_url: str
    poll_url: str
    status: str


class Quote(Answer):
    blank: int
    cached: int
    duplicate: int
    expected_finish_at: datetime
    expected_s: int
    invalid: int
    most_credits: int
    new: int
    over_max_credits: int
    price_credits: int
    rejected: list[Any]
