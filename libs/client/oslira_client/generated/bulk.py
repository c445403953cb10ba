"""Bulk. Generated from docs/generated/openapi.json: `make openapi`."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Literal
from uuid import UUID

from oslira_client.calls import Calls, Csv, path_of
from oslira_client.generated.shared import AcceptedBulk, Bulk, Quote, RunError, RunStatus, RunSummary
from oslira_client.paging import Pages
from oslira_client.shapes import Answer, Order
from oslira_client.streams import Event, follow


class BulkBody(Order):
    """Terms and names. `stop_after_leads` and `stop_score` belong together."""

    business_profile_id: UUID
    type: Literal["deep", "light", "xray"]
    usernames: list[str]
    max_age: int | None = None
    max_credits: int | None = None
    stop_after_leads: int | None = None
    stop_score: int | None = None


class BulkItem(Answer):
    current_step: str
    error: RunError | None
    finished_at: datetime | None
    is_linked: bool
    lead_id: UUID | None
    line: int
    progress: int
    run_id: UUID
    score: int | None
    seq: int
    status: RunStatus
    username: str


class BulkApi:
    """`client.bulk`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def create_bulk(
        self,
        body: BulkBody | Csv,
        *,
        type: Literal["deep", "light", "xray"] | None = None,
        business_profile_id: UUID | None = None,
        max_age: int | None = None,
        max_credits: int | None = None,
        stop_after_leads: int | None = None,
        stop_score: int | None = None,
        column: str | None = None,
        idempotency_key: str | None = None,
    ) -> AcceptedBulk:
        """`POST /v1/analyses/bulk`.

        Order the analysis of up to 1,000 names under one hold, as JSON or as a CSV file.
        """
        return await self._calls.order(
            "/v1/analyses/bulk",
            {200: AcceptedBulk, 202: AcceptedBulk},
            key=idempotency_key,
            body=body,
            query={
                "type": type,
                "business_profile_id": business_profile_id,
                "max_age": max_age,
                "max_credits": max_credits,
                "stop_after_leads": stop_after_leads,
                "stop_score": stop_score,
                "column": column,
            },
        )

    async def quote_bulk(
        self,
        body: BulkBody | Csv,
        *,
        type: Literal["deep", "light", "xray"] | None = None,
        business_profile_id: UUID | None = None,
        max_age: int | None = None,
        max_credits: int | None = None,
        stop_after_leads: int | None = None,
        stop_score: int | None = None,
        column: str | None = None,
    ) -> Quote:
        """`POST /v1/analyses/quote`.

        What a bulk would do and cost now. Nothing is ordered and nothing is held.
        """
        return await self._calls.send(
            "POST",
            "/v1/analyses/quote",
            {200: Quote},
            body=body,
            query={
                "type": type,
                "business_profile_id": business_profile_id,
                "max_age": max_age,
                "max_credits": max_credits,
                "stop_after_leads": stop_after_leads,
                "stop_score": stop_score,
                "column": column,
            },
        )

    def list_bulks(self, *, cursor: str | None = None, limit: int | None = None) -> Pages[Bulk]:
        """`GET /v1/bulk`.

        The account's bulks, newest first.
        """
        return self._calls.pages("/v1/bulk", Bulk, {"cursor": cursor, "limit": limit})

    async def get_bulk(self, bulk_id: UUID | str) -> Bulk:
        """`GET /v1/bulk/{bulk_id}`.

        One bulk as it is now: its counts, credits and rejected lines.
        """
        return await self._calls.read(path_of("/v1/bulk/{bulk_id}", bulk_id=bulk_id), {200: Bulk})

    async def cancel_bulk(self, bulk_id: UUID | str) -> Bulk:
        """`POST /v1/bulk/{bulk_id}/cancel`.

        Cancel what the bulk has not finished. The credits of those runs are released.
        """
        return await self._calls.send(
            "POST", path_of("/v1/bulk/{bulk_id}/cancel", bulk_id=bulk_id), {200: Bulk}
        )

    def follow_bulk(self, bulk_id: UUID | str) -> AsyncIterator[Event[Bulk | RunSummary]]:
        """`GET /v1/bulk/{bulk_id}/events`.

        Follow a bulk as server-sent events: its runs as `progress`, the bulk itself as `bulk`, until it has
        ended.
        """
        return follow(
            self._calls,
            lambda: self._calls.read(path_of("/v1/bulk/{bulk_id}", bulk_id=bulk_id), {200: Bulk}),
            {"bulk": Bulk, "progress": RunSummary},
            last="bulk",
        )

    def list_bulk_items(
        self, bulk_id: UUID | str, *, cursor: str | None = None, limit: int | None = None
    ) -> Pages[BulkItem]:
        """`GET /v1/bulk/{bulk_id}/items`.

        The bulk's names in the order of the list, each with the state of its run.
        """
        return self._calls.pages(
            path_of("/v1/bulk/{bulk_id}/items", bulk_id=bulk_id), BulkItem, {"cursor": cursor, "limit": limit}
        )
