"""Leads. Generated from docs/generated/openapi.json: `make openapi`."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from oslira_client.calls import Calls, path_of
from oslira_client.generated.shared import (
    AcceptedBulk,
    AcceptedRun,
    AnalysisType,
    DeepResult,
    LightResult,
    Quote,
    Run,
    XrayResult,
)
from oslira_client.paging import Pages
from oslira_client.shapes import Answer, Order

FollowerTier: TypeAlias = Literal["nano", "micro", "mid", "macro", "mega"] | str


class Lead(Answer):
    analysed_at: datetime
    avatar_url: str | None
    business_profile_id: UUID
    category: str | None
    created_at: datetime
    emails: list[str]
    followers: int | None
    full_name: str | None
    is_verified: bool | None
    lead_id: UUID
    links: list[str]
    phones: list[str]
    score: int
    summary: str | None
    tier: FollowerTier | None
    type: AnalysisType
    username: str


Sort: TypeAlias = Literal["analysed_at", "score", "username"]


Direction: TypeAlias = Literal["asc", "desc"]


Outcome: TypeAlias = Literal["deleted", "restored", "replaced", "not_found"] | str


class LeadOutcome(Answer):
    lead_id: UUID
    outcome: Outcome
    replaced_by: UUID | None


class LeadOutcomes(Answer):
    changed: int
    items: list[LeadOutcome]


class LeadIds(Order):
    """Leads of the account, by their ids."""

    lead_ids: list[UUID]


class LeadsRefresh(Order):
    """Leads of one business profile to analyse again. `max_credits` bounds what it may cost."""

    lead_ids: list[UUID]
    type: Literal["deep", "light", "xray"]
    max_credits: int | None = None


AnalysisResult: TypeAlias = LightResult | DeepResult | XrayResult


class LeadAnalysis(Answer):
    analysis_id: UUID
    business_profile_version: int | None
    created_at: datetime
    result: AnalysisResult
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
        """`GET /v1/leads`.

        The account's leads, filtered and sorted. Keep filter and order while you page.
        """
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

    async def delete_leads(self, body: LeadIds) -> LeadOutcomes:
        """`POST /v1/leads/delete`.

        Delete up to 1,000 leads. They can be restored for 30 days.
        """
        return await self._calls.send("POST", "/v1/leads/delete", {200: LeadOutcomes}, body=body)

    def export_leads(
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
        """`GET /v1/leads/export.csv`.

        All leads of a filter as a CSV file that is safe to open in a spreadsheet.
        """
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

    async def refresh_leads(self, body: LeadsRefresh, *, idempotency_key: str | None = None) -> AcceptedBulk:
        """`POST /v1/leads/refresh`.

        Analyse up to 1,000 leads of one business profile again, as a bulk under one hold.
        """
        return await self._calls.order(
            "/v1/leads/refresh", {200: AcceptedBulk, 202: AcceptedBulk}, key=idempotency_key, body=body
        )

    async def quote_leads_refresh(self, body: LeadsRefresh) -> Quote:
        """`POST /v1/leads/refresh/quote`.

        What refreshing these leads would do and cost now. Nothing is ordered and nothing is held.
        """
        return await self._calls.send("POST", "/v1/leads/refresh/quote", {200: Quote}, body=body)

    async def restore_leads(self, body: LeadIds) -> LeadOutcomes:
        """`POST /v1/leads/restore`.

        Restore up to 1,000 deleted leads.
        """
        return await self._calls.send("POST", "/v1/leads/restore", {200: LeadOutcomes}, body=body)

    async def get_lead(self, lead_id: UUID | str) -> Lead:
        """`GET /v1/leads/{lead_id}`.

        One lead.
        """
        return await self._calls.read(path_of("/v1/leads/{lead_id}", lead_id=lead_id), {200: Lead})

    async def delete_lead(self, lead_id: UUID | str) -> None:
        """`DELETE /v1/leads/{lead_id}`.

        Delete a lead. It can be restored for 30 days.
        """
        await self._calls.do("DELETE", path_of("/v1/leads/{lead_id}", lead_id=lead_id))

    def list_lead_analyses(
        self, lead_id: UUID | str, *, cursor: str | None = None, limit: int | None = None
    ) -> Pages[LeadAnalysis]:
        """`GET /v1/leads/{lead_id}/analyses`.

        The lead's analyses with their results, newest first.
        """
        return self._calls.pages(
            path_of("/v1/leads/{lead_id}/analyses", lead_id=lead_id),
            LeadAnalysis,
            {"cursor": cursor, "limit": limit},
        )

    def get_lead_avatar(self, lead_id: UUID | str) -> AsyncIterator[bytes]:
        """`GET /v1/leads/{lead_id}/avatar`.

        The profile picture of a lead. Its address, with a ticket, is the lead's `avatar_url`.
        """
        return self._calls.chunks(path_of("/v1/leads/{lead_id}/avatar", lead_id=lead_id))

    async def refresh_lead(
        self, lead_id: UUID | str, *, type: str | None = None, idempotency_key: str | None = None
    ) -> Run | AcceptedRun:
        """`POST /v1/leads/{lead_id}/refresh`.

        Analyse a lead again, with the type of its newest analysis or with `type`.
        """
        return await self._calls.order(
            path_of("/v1/leads/{lead_id}/refresh", lead_id=lead_id),
            {200: Run, 202: AcceptedRun},
            key=idempotency_key,
            query={"type": type},
        )

    async def restore_lead(self, lead_id: UUID | str) -> Lead:
        """`POST /v1/leads/{lead_id}/restore`.

        Restore a deleted lead.
        """
        return await self._calls.send(
            "POST", path_of("/v1/leads/{lead_id}/restore", lead_id=lead_id), {200: Lead}
        )
