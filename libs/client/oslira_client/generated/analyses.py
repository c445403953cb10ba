"""Analyses. Generated from docs/generated/openapi.json: `make openapi`."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Literal
from uuid import UUID

from oslira_client.calls import Calls, path_of
from oslira_client.generated.shared import AcceptedRun, Run, RunCredits, RunStatus, RunSummary, RunType
from oslira_client.paging import Pages
from oslira_client.shapes import Answer, Order
from oslira_client.streams import Event, follow


class AnalysisBody(Order):
    """`username` as people paste it; `max_age` in seconds: how old what is used again may be."""

    business_profile_id: UUID
    type: Literal["deep", "light", "xray"]
    username: str
    max_age: int | None = None


class AcceptedAnonymousRun(Answer):
    events_url: str
    expires_at: datetime
    poll_url: str
    run_id: UUID
    status: RunStatus
    token: str


class AnonymousBody(Order):
    """`username` as people paste it; `challenge` is what the challenge gave the visitor's browser."""

    username: str
    challenge: str | None = None


class EventsAddress(Answer):
    events_url: str


class CancelledRun(Answer):
    credits: RunCredits
    run_id: UUID
    settlement: Literal["settled", "pending"] | str
    status: RunStatus


class CallLine(Answer):
    attempt: int
    cached_tokens: int | None
    call: str
    cost_usd: str | None
    duration_ms: int | None
    input_tokens: int | None
    model: str
    output_tokens: int | None
    prompt_version: str
    provider: str
    requested_at: datetime
    state: Literal["booked", "answered", "refused", "cut_short", "failed"] | str


class Settlement(Answer):
    charged: int
    held: int
    hold_id: UUID
    price_credits: int
    released: int
    settled_at: datetime | None


class ScrapeLine(Answer):
    attempts: int
    cost_usd: str | None
    ended_at: datetime | None
    outcome: Literal["fetched", "unavailable", "failed", "aborted"] | str | None
    source: Literal["own", "shared", "cache"] | str
    started_at: datetime | None


class Step(Answer):
    duration_ms: int | None
    started_at: datetime
    step: RunStatus


class Totals(Answer):
    cached_tokens: int
    calls: int
    cost_usd: str | None
    input_tokens: int
    margin_usd: str | None
    output_tokens: int


class Receipt(Answer):
    bulk_id: UUID | None
    calls: list[CallLine]
    created_at: datetime
    credits: Settlement
    finished_at: datetime | None
    has_detail: bool
    is_new_lead: bool | None
    lead_id: UUID | None
    run_id: UUID
    scrape: ScrapeLine | None
    status: RunStatus
    steps: list[Step]
    totals: Totals
    type: RunType
    username: str | None


class AnalysesApi:
    """`client.analyses`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def create_analysis(
        self, body: AnalysisBody, *, idempotency_key: str | None = None
    ) -> Run | AcceptedRun:
        """`POST /v1/analyses`.

        Order the analysis of one profile. Its credits are held now, and charged when it completes.
        """
        return await self._calls.order(
            "/v1/analyses", {200: Run, 202: AcceptedRun}, key=idempotency_key, body=body
        )

    async def create_anonymous_analysis(self, body: AnonymousBody) -> AcceptedAnonymousRun:
        """`POST /v1/analyses/anonymous`.

        Order a light analysis without an account. The answer's `token` reads the run for an hour.
        """
        return await self._calls.send(
            "POST", "/v1/analyses/anonymous", {202: AcceptedAnonymousRun}, body=body
        )

    def follow_account(self) -> AsyncIterator[Event[RunSummary]]:
        """`GET /v1/events`.

        Follow all runs of the account as server-sent events, from those that are unfinished. The stream has
        no end.
        """
        return follow(
            self._calls,
            lambda: self._calls.read("/v1/events/address", {200: EventsAddress}),
            {"progress": RunSummary},
            last=None,
        )

    async def get_events_address(self) -> EventsAddress:
        """`GET /v1/events/address`.

        The address of the account's event stream, with a ticket for clients that send no headers.
        """
        return await self._calls.read("/v1/events/address", {200: EventsAddress})

    def list_runs(
        self, *, status: RunStatus | None = None, cursor: str | None = None, limit: int | None = None
    ) -> Pages[RunSummary]:
        """`GET /v1/runs`.

        The account's runs, newest first, without their results.
        """
        return self._calls.pages("/v1/runs", RunSummary, {"status": status, "cursor": cursor, "limit": limit})

    async def get_run(self, run_id: UUID | str) -> Run:
        """`GET /v1/runs/{run_id}`.

        One run as it is now, with its result once it has completed. `If-None-Match` saves the body of an
        unchanged run.
        """
        return await self._calls.read(path_of("/v1/runs/{run_id}", run_id=run_id), {200: Run})

    async def cancel_run(self, run_id: UUID | str) -> CancelledRun:
        """`POST /v1/runs/{run_id}/cancel`.

        Cancel a run. Its credits are released. A run that has completed answers 409 with its receipt.
        """
        return await self._calls.send(
            "POST", path_of("/v1/runs/{run_id}/cancel", run_id=run_id), {200: CancelledRun}
        )

    def follow_run(self, run_id: UUID | str) -> AsyncIterator[Event[Run]]:
        """`GET /v1/runs/{run_id}/events`.

        Follow one run as server-sent events: each `progress` event is a whole snapshot of the run, and the
        last one is its end.
        """
        return follow(
            self._calls,
            lambda: self._calls.read(path_of("/v1/runs/{run_id}", run_id=run_id), {200: Run}),
            {"progress": Run},
            last="progress",
        )

    async def get_receipt(self, run_id: UUID | str) -> Receipt:
        """`GET /v1/runs/{run_id}/receipt`.

        What the run did and what it took: its steps, scrape, model calls and credits.
        """
        return await self._calls.read(path_of("/v1/runs/{run_id}/receipt", run_id=run_id), {200: Receipt})
