"""Business. Generated from docs/generated/openapi.json: `make openapi`."""

from datetime import datetime
from uuid import UUID

from oslira_client.calls import Calls, path_of
from oslira_client.generated.shared import AcceptedRun, AnalysisType
from oslira_client.paging import Pages
from oslira_client.shapes import Answer, Order


class IdealCustomer(Answer):
    """The customers that the business wants. Follower bounds are inclusive; null is no bound."""

    company_size: str | None = None
    description: str | None = None
    exclusions: list[str] | None = None
    followers_max: int | None = None
    followers_min: int | None = None
    industry: str | None = None
    location: str | None = None
    signals: list[str] | None = None


class BusinessProfile(Answer):
    business_profile_id: UUID
    created_at: datetime
    description: str | None
    ideal_customer: IdealCustomer
    industry: str | None
    language: str | None
    name: str
    offer: str | None
    tone: str | None
    updated_at: datetime
    version: int


class BusinessContext(Order):
    """The body of a business profile; analysis reads the same keys."""

    name: str
    description: str | None = None
    ideal_customer: IdealCustomer | None = None
    industry: str | None = None
    language: str | None = None
    offer: str | None = None
    tone: str | None = None


class OnboardingAnswers(Order):
    """A few answers of an owner: who they are, what they sell and, optionally, to whom, where and how."""

    name: str
    offer: str
    avoid: str | None = None
    customers: str | None = None
    language: str | None = None
    location: str | None = None
    notes: str | None = None
    tone: str | None = None


class BusinessPatch(Order):
    """A JSON merge patch (RFC 7396) of a business profile: fields that are left out stay, null empties a field."""

    description: str | None = None
    ideal_customer: IdealCustomer | None = None
    industry: str | None = None
    language: str | None = None
    name: str | None = None
    offer: str | None = None
    tone: str | None = None


class CallPreview(Answer):
    call: str
    model: str
    prompt_tokens_estimate: int
    prompt_version: str


class TypePreview(Answer):
    calls: list[CallPreview]
    text: str
    tokens_estimate: int
    type: AnalysisType


class ContextPreview(Answer):
    business_profile_id: UUID
    types: list[TypePreview]
    version: int


class BusinessVersion(Answer):
    created_at: datetime
    description: str | None
    ideal_customer: IdealCustomer
    industry: str | None
    language: str | None
    name: str
    offer: str | None
    tone: str | None
    version: int


class BusinessApi:
    """`client.business`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def list_business_profiles(
        self, *, cursor: str | None = None, limit: int | None = None
    ) -> Pages[BusinessProfile]:
        """`GET /v1/business-profiles`.

        The account's business profiles, newest first.
        """
        return self._calls.pages("/v1/business-profiles", BusinessProfile, {"cursor": cursor, "limit": limit})

    async def create_business_profile(self, body: BusinessContext) -> BusinessProfile:
        """`POST /v1/business-profiles`.

        Store a business profile. Analyses score leads for one of these.
        """
        return await self._calls.send("POST", "/v1/business-profiles", {201: BusinessProfile}, body=body)

    async def generate_business_profile(
        self, body: OnboardingAnswers, *, idempotency_key: str | None = None
    ) -> AcceptedRun:
        """`POST /v1/business-profiles/generate`.

        Order a draft of a business profile from a few answers. The draft is the run's result; saving it is a
        request of its own.
        """
        return await self._calls.order(
            "/v1/business-profiles/generate", {202: AcceptedRun}, key=idempotency_key, body=body
        )

    async def get_business_profile(self, business_profile_id: UUID | str) -> BusinessProfile:
        """`GET /v1/business-profiles/{business_profile_id}`.

        One business profile. Its `ETag` names the version that a change has to send in `If-Match`.
        """
        return await self._calls.read(
            path_of("/v1/business-profiles/{business_profile_id}", business_profile_id=business_profile_id),
            {200: BusinessProfile},
        )

    async def replace_business_profile(
        self, business_profile_id: UUID | str, body: BusinessContext, *, if_match: str | None = None
    ) -> BusinessProfile:
        """`PUT /v1/business-profiles/{business_profile_id}`.

        Replace a business profile as a whole. Fields that are left out are emptied.
        """
        return await self._calls.send(
            "PUT",
            path_of("/v1/business-profiles/{business_profile_id}", business_profile_id=business_profile_id),
            {200: BusinessProfile},
            body=body,
            headers={"If-Match": if_match},
        )

    async def update_business_profile(
        self, business_profile_id: UUID | str, body: BusinessPatch, *, if_match: str | None = None
    ) -> BusinessProfile:
        """`PATCH /v1/business-profiles/{business_profile_id}`.

        Change some fields of a business profile by a JSON merge patch (RFC 7396).
        """
        return await self._calls.send(
            "PATCH",
            path_of("/v1/business-profiles/{business_profile_id}", business_profile_id=business_profile_id),
            {200: BusinessProfile},
            body=body,
            headers={"If-Match": if_match},
        )

    async def delete_business_profile(
        self, business_profile_id: UUID | str, *, if_match: str | None = None
    ) -> None:
        """`DELETE /v1/business-profiles/{business_profile_id}`.

        Delete a business profile. It can be restored for 30 days.
        """
        await self._calls.do(
            "DELETE",
            path_of("/v1/business-profiles/{business_profile_id}", business_profile_id=business_profile_id),
            headers={"If-Match": if_match},
        )

    async def get_context_preview(self, business_profile_id: UUID | str) -> ContextPreview:
        """`GET /v1/business-profiles/{business_profile_id}/context-preview`.

        The text that each type of analysis sends to its models about this business, with token estimates.
        """
        return await self._calls.read(
            path_of(
                "/v1/business-profiles/{business_profile_id}/context-preview",
                business_profile_id=business_profile_id,
            ),
            {200: ContextPreview},
        )

    async def restore_business_profile(self, business_profile_id: UUID | str) -> BusinessProfile:
        """`POST /v1/business-profiles/{business_profile_id}/restore`.

        Restore a deleted business profile.
        """
        return await self._calls.send(
            "POST",
            path_of(
                "/v1/business-profiles/{business_profile_id}/restore", business_profile_id=business_profile_id
            ),
            {200: BusinessProfile},
        )

    def list_business_profile_versions(
        self, business_profile_id: UUID | str, *, cursor: str | None = None, limit: int | None = None
    ) -> Pages[BusinessVersion]:
        """`GET /v1/business-profiles/{business_profile_id}/versions`.

        The content of the business profile in each of its versions, newest first.
        """
        return self._calls.pages(
            path_of(
                "/v1/business-profiles/{business_profile_id}/versions",
                business_profile_id=business_profile_id,
            ),
            BusinessVersion,
            {"cursor": cursor, "limit": limit},
        )
