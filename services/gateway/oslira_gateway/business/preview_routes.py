"""`GET /v1/business-profiles/{id}/context-preview`."""

from typing import Any

from litestar import Request, get
from litestar.params import FromPath
from oslira_shared.contracts.analysis.v1 import ContextPreview

from oslira_gateway.business.ports import ContextPreviews
from oslira_gateway.http.auth import member_of, path_id
from oslira_gateway.http.documented import refuses

_NOT_FOUND = "business_profile_not_found"


def preview_routes(previews: ContextPreviews) -> list[Any]:
    """Routes that show what is sent to models."""

    @get(
        "/business-profiles/{business_profile_id:str}/context-preview",
        operation_id="getContextPreview",
        tags=["business"],
        responses=refuses(_NOT_FOUND, "business_profile_invalid"),
    )
    async def preview_context(
        request: Request[Any, Any, Any], business_profile_id: FromPath[str]
    ) -> ContextPreview:
        """The text that each type of analysis sends to its models about this business, with token estimates."""
        return await previews.of(member_of(request), path_id(business_profile_id, _NOT_FOUND))

    return [preview_context]
