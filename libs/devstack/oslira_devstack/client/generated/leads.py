"""Leads. Generated from docs/openapi.json: `make openapi`."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from oslira_devstack.client.calls import Calls, path_of
from oslira_devstack.client.generated.shared import AcceptedRun, AnalysisType
from oslira_devstack.client.paging import Pages
from oslira_devstack.client.shapes import Answer


class Lead(Answer):
    analysed_at: datetime
    business_profile_id: UUID
    category: str | None
    created_at: datetime
    followers: int | None
    full_name: str | None
    lead_id: UUID
    score: int
    type: AnalysisType
    username: str


Sort: TypeAlias = Literal["analysed_at", "score", "username"]


Direction: TypeAlias = Literal["asc", "desc"]


class LeadAnalysis(Answer):
    analysis_id: UUID
    business_profile_version: int | None
    created_at: datetime
    result: dict[str, Any]
    run_id: UUID
    score: int
    type: AnalysisType


class LeadsApi:
    """`client.leads`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def list_leads(
        self,
        *,
        type: AnalysisType | None = None,
        business_profile_id: UUID | None = None,
        score_min: int | None = None,
        score_max: int | None = None,
        analysed_from: datetime | None = None,
        analysed_to: datetime | None = None,
        q: str | None = None,
        sort: Sort | None = None,
        order: Direction | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> Pages[Lead]:
        """`GET /v1/leads`"""
        return self._calls.pages(
            "/v1/leads",
            Lead,
            {
                "type": type,
                "business_profile_id": business_profile_id,
                "score_min": score_min,
                "score_max": score_max,
                "analysed_from": analysed_from,
                "analysed_to": analysed_to,
                "q": q,
                "sort": sort,
                "order": order,
                "cursor": cursor,
                "limit": limit,
            },
        )

    def export_leads_csv(
        self,
        *,
        type: AnalysisType | None = None,
        business_profile_id: UUID | None = None,
        score_min: int | None = None,
        score_max: int | None = None,
        analysed_from: datetime | None = None,
        analysed_to: datetime | None = None,
        q: str | None = None,
    ) -> AsyncIterator[bytes]:
        """`GET /v1/leads/export.csv`: the file, in parts."""
        return self._calls.chunks(
            "/v1/leads/export.csv",
            {
                "type": type,
                "business_profile_id": business_profile_id,
                "score_min": score_min,
                "score_max": score_max,
                "analysed_from": analysed_from,
                "analysed_to": analysed_to,
                "q": q,
            },
        )

    async def read_lead(self, lead_id: UUID | str) -> Lead:
        """`GET /v1/leads/{lead_id}`"""
        return await self._calls.read(path_of("/v1/leads/{lead_id}", lead_id=lead_id), {200: Lead})

    async def delete_lead(self, lead_id: UUID | str) -> None:
        """`DELETE /v1/leads/{lead_id}`"""
        await self._calls.do("DELETE", path_of("/v1/leads/{lead_id}", lead_id=lead_id))

    def list_lead_analyses(
        self, lead_id: UUID | str, *, cursor: str | None = None, limit: int | None = None
    ) -> Pages[LeadAnalysis]:
        """`GET /v1/leads/{lead_id}/analyses`"""
        return self._calls.pages(
            path_of("/v1/leads/{lead_id}/analyses", lead_id=lead_id),
            LeadAnalysis,
            {"cursor": cursor, "limit": limit},
        )

    async def refresh(
        self, lead_id: UUID | str, *, type: str | None = None, idempotency_key: str | None = None
    ) -> AcceptedRun:
        """`POST /v1/leads/{lead_id}/refresh`: accepted, or the refresh that is at work already."""
        return await self._calls.order(
            path_of("/v1/leads/{lead_id}/refresh", lead_id=lead_id),
            {202: AcceptedRun},
            key=idempotency_key,
            query={"type": type},
        )

    async def restore_lead(self, lead_id: UUID | str) -> Lead:
        """`POST /v1/leads/{lead_id}/restore`"""
        return await self._calls.send(
            "POST", path_of("/v1/leads/{lead_id}/restore", lead_id=lead_id), {200: Lead}
        )
