"""Bulk. Generated from docs/generated/openapi.json: `make openapi`."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Literal
from uuid import UUID

from oslira_client.calls import Calls, Csv, path_of
from oslira_client.generated.shared import AcceptedBulk, Bulk, Quote, Run, RunError, RunStatus
from oslira_client.paging import Pages
from oslira_client.shapes import Answer, Order
from oslira_client.streams import Event, follow


class BulkBody(Order):
    """Terms and names."""

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

    async def create_bulk(self, body: BulkBody | Csv, *, idempotency_key: str | None = None) -> AcceptedBulk:
        """`POST /v1/analyses/bulk`: the same bulk was accepted a moment ago; this is it."""
        return await self._calls.order(
            "/v1/analyses/bulk", {200: AcceptedBulk, 202: AcceptedBulk}, key=idempotency_key, body=body
        )

    async def quote_bulk(self, body: BulkBody | Csv) -> Quote:
        """`POST /v1/analyses/quote`"""
        return await self._calls.send("POST", "/v1/analyses/quote", {200: Quote}, body=body)

    def list_bulks(self, *, cursor: str | None = None, limit: int | None = None) -> Pages[Bulk]:
        """`GET /v1/bulk`"""
        return self._calls.pages("/v1/bulk", Bulk, {"cursor": cursor, "limit": limit})

    async def read_bulk(self, bulk_id: UUID | str) -> Bulk:
        """`GET /v1/bulk/{bulk_id}`"""
        return await self._calls.read(path_of("/v1/bulk/{bulk_id}", bulk_id=bulk_id), {200: Bulk})

    async def cancel(self, bulk_id: UUID | str) -> Bulk:
        """`POST /v1/bulk/{bulk_id}/cancel`"""
        return await self._calls.send(
            "POST", path_of("/v1/bulk/{bulk_id}/cancel", bulk_id=bulk_id), {200: Bulk}
        )

    def follow_bulk(self, bulk_id: UUID | str) -> AsyncIterator[Event[Run | Bulk]]:
        """`GET /v1/bulk/{bulk_id}/events`: server-sent events; each one's data is a whole snapshot."""
        return follow(
            self._calls,
            lambda: self._calls.read(path_of("/v1/bulk/{bulk_id}", bulk_id=bulk_id), {200: Bulk}),
            {"progress": Run, "bulk": Bulk},
            last="bulk",
        )

    def list_items(
        self, bulk_id: UUID | str, *, cursor: str | None = None, limit: int | None = None
    ) -> Pages[BulkItem]:
        """`GET /v1/bulk/{bulk_id}/items`"""
        return self._calls.pages(
            path_of("/v1/bulk/{bulk_id}/items", bulk_id=bulk_id), BulkItem, {"cursor": cursor, "limit": limit}
        )
