"""`/v1/business-profiles`: list, read, create."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, JSONBody
from oslira_shared.ids import new_id

from oslira_gateway.business.change_profile import tag_of
from oslira_gateway.business.change_routes import answered
from oslira_gateway.business.ports import BusinessProfiles
from oslira_gateway.business.profile import BusinessContext, BusinessProfile
from oslira_gateway.business.refusals import no_such_profile
from oslira_gateway.http.auth import member_of, path_id
from oslira_gateway.http.documented import refuses
from oslira_gateway.http.listing import DEFAULT_LIMIT, Cursor, CursorText, Limit, Page

_NOT_FOUND = "business_profile_not_found"


def business_routes(profiles: BusinessProfiles) -> list[Any]:
    """Routes about business profiles."""

    @get("/business-profiles", operation_id="listBusinessProfiles", tags=["business"])
    async def list_business_profiles(
        request: Request[Any, Any, Any],
        cursor: CursorText = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Page[BusinessProfile]:
        """The account's business profiles, newest first."""
        after = Cursor.decode(cursor) if cursor is not None else None
        found = await profiles.page(member_of(request), after=after, limit=limit + 1)
        items, last = found[:limit], found[limit - 1] if len(found) > limit else None
        return Page(items, Cursor(last.created_at, last.business_profile_id).encode() if last else None)

    @get(
        "/business-profiles/{business_profile_id:str}",
        operation_id="getBusinessProfile",
        tags=["business"],
        responses=refuses(_NOT_FOUND),
    )
    async def read_business_profile(
        request: Request[Any, Any, Any], business_profile_id: FromPath[str]
    ) -> Response[BusinessProfile]:
        """One business profile. Its `ETag` names the version that a change has to send in `If-Match`."""
        profile = await profiles.find(member_of(request), path_id(business_profile_id, _NOT_FOUND))
        if profile is None:
            raise no_such_profile()
        return answered(profile)

    @post(
        "/business-profiles",
        operation_id="createBusinessProfile",
        tags=["business"],
        responses=refuses("limit_reached"),
    )
    async def create_business_profile(
        request: Request[Any, Any, Any], data: JSONBody[BusinessContext]
    ) -> Response[BusinessProfile]:
        """Store a business profile. Analyses score leads for one of these."""
        profile = await profiles.add(member_of(request), new_id(), data)
        location = f"/v1/business-profiles/{profile.business_profile_id}"
        return Response(profile, status_code=201, headers={"Location": location, "ETag": tag_of(profile)})

    return [list_business_profiles, read_business_profile, create_business_profile]
