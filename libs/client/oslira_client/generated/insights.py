"""Insights. Generated from docs/generated/openapi.json: `make openapi`."""

from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import Field

from oslira_client.calls import Calls
from oslira_client.generated.shared import RunType
from oslira_client.shapes import Answer

Bucket: TypeAlias = Literal["hour", "day"] | str


class Hits(Answer):
    hits: int
    misses: int
    rate: float | None


class CacheItem(Answer):
    analyses: Hits
    at: datetime
    profiles: Hits
    prompt_tokens: Hits


class Cache(Answer):
    bucket: Bucket
    from_: datetime = Field(alias="from")
    items: list[CacheItem]
    to: datetime
    totals: CacheItem


class Durations(Answer):
    count: int
    mean_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


class CallLatency(Answer):
    call: str
    durations: Durations
    model: str


class EndpointLatency(Answer):
    durations: Durations
    endpoint: str
    statuses: dict[str, int]


class StepLatency(Answer):
    durations: Durations
    step: Literal["queued", "waiting", "scraping", "scoring", "total"] | str
    type: RunType


class Latency(Answer):
    calls: list[CallLatency]
    endpoints: list[EndpointLatency]
    from_: datetime = Field(alias="from")
    steps: list[StepLatency]
    to: datetime


Cause: TypeAlias = Literal["ours", "supplier", "verdict"] | str


class Failure(Answer):
    cause: Cause
    code: str
    runs: int


class Scores(Answer):
    analyses: int
    distribution: list[int]
    mean: float | None


class OutcomesOfType(Answer):
    cancelled: int
    completed: int
    completed_rate: float | None
    failed: int
    failures: list[Failure]
    faults: int
    runs: int
    scores: Scores
    success_rate: float | None
    type: RunType
    unfinished: int
    verdicts: int


class Outcomes(Answer):
    from_: datetime = Field(alias="from")
    to: datetime
    types: list[OutcomesOfType]


class UsageOfType(Answer):
    at: datetime
    completed: int
    credits: int
    new_leads: int
    runs: int
    type: RunType


class UsageTotals(Answer):
    completed: int
    credits: int
    new_leads: int
    runs: int


class Usage(Answer):
    bucket: Bucket
    from_: datetime = Field(alias="from")
    items: list[UsageOfType]
    to: datetime
    totals: UsageTotals


class InsightsApi:
    """`client.insights`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def get_cache_insights(
        self, *, from_: datetime | None = None, to: datetime | None = None, bucket: Bucket | None = None
    ) -> Cache:
        """`GET /v1/insights/cache`.

        How often a profile, a finished analysis or the beginning of a prompt was used again. For operators
        only.
        """
        return await self._calls.read(
            "/v1/insights/cache", {200: Cache}, query={"from": from_, "to": to, "bucket": bucket}
        )

    async def get_latency_insights(
        self, *, from_: datetime | None = None, to: datetime | None = None
    ) -> Latency:
        """`GET /v1/insights/latency`.

        How long the account's requests, runs and model calls took.
        """
        return await self._calls.read("/v1/insights/latency", {200: Latency}, query={"from": from_, "to": to})

    async def get_outcome_insights(
        self, *, from_: datetime | None = None, to: datetime | None = None
    ) -> Outcomes:
        """`GET /v1/insights/outcomes`.

        How the account's runs ended, why some failed, and how profiles scored.
        """
        return await self._calls.read(
            "/v1/insights/outcomes", {200: Outcomes}, query={"from": from_, "to": to}
        )

    async def get_usage_insights(
        self, *, from_: datetime | None = None, to: datetime | None = None, bucket: Bucket | None = None
    ) -> Usage:
        """`GET /v1/insights/usage`.

        Runs, credits and new leads by hour or day and by type.
        """
        return await self._calls.read(
            "/v1/insights/usage", {200: Usage}, query={"from": from_, "to": to, "bucket": bucket}
        )
