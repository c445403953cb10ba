"""`/v1/business-profiles/{id}`: replace, patch, delete, restore, list versions."""

from typing import Annotated, Any, Final

from litestar import Request, Response, delete, get, patch, post, put
from litestar.params import FromPath, HeaderParameter, JSONBody

from oslira_gateway.business.change_profile import PatchProfile, tag_of, wanted_version
from oslira_gateway.business.ports import BusinessProfiles
from oslira_gateway.business.profile import BusinessContext, BusinessPatch, BusinessProfile, BusinessVersion
from oslira_gateway.business.refusals import no_such_profile
from oslira_gateway.http.auth import member_of, path_id
from oslira_gateway.http.documented import refuses
from oslira_gateway.http.listing import (
    DEFAULT_LIMIT,
    CursorText,
    Limit,
    Page,
    cursor_of_number,
    number_of_cursor,
)
from oslira_gateway.http.media import ACCEPTS

_PATH: Final = "/business-profiles/{business_profile_id:str}"
_NOT_FOUND: Final = "business_profile_not_found"
_CHANGES: Final = refuses(_NOT_FOUND, "version_required", "version_conflict")
_PATCH_TYPES: Final = ("application/json", "application/merge-patch+json")
IfMatch = Annotated[str | None, HeaderParameter(name="If-Match", max_length=64)]


def change_routes(profiles: BusinessProfiles) -> list[Any]:
    """Routes that change business profiles. Each change sends the version that it is based on in `If-Match`."""
    patch_profile = PatchProfile(profiles)

    @put(_PATH, operation_id="replaceBusinessProfile", tags=["business"], responses=_CHANGES)
    async def replace_business_profile(
        request: Request[Any, Any, Any],
        business_profile_id: FromPath[str],
        data: JSONBody[BusinessContext],
        if_match: IfMatch = None,
    ) -> Response[BusinessProfile]:
        """Replace a business profile as a whole. Fields that are left out are emptied."""
        version = wanted_version(if_match)
        profile_id = path_id(business_profile_id, _NOT_FOUND)
        return answered(await profiles.change(member_of(request), profile_id, data, version=version))

    @patch(
        _PATH,
        operation_id="updateBusinessProfile",
        opt={ACCEPTS: _PATCH_TYPES},
        tags=["business"],
        responses=_CHANGES,
    )
    async def patch_business_profile(
        request: Request[Any, Any, Any],
        business_profile_id: FromPath[str],
        data: JSONBody[BusinessPatch],
        if_match: IfMatch = None,
    ) -> Response[BusinessProfile]:
        """Change some fields of a business profile by a JSON merge patch (RFC 7396)."""
        version = wanted_version(if_match)
        profile_id = path_id(business_profile_id, _NOT_FOUND)
        return answered(await patch_profile(member_of(request), profile_id, data, version=version))

    @delete(
        _PATH,
        operation_id="deleteBusinessProfile",
        status_code=204,
        tags=["business"],
        responses=refuses(_NOT_FOUND, "version_conflict"),
    )
    async def delete_business_profile(
        request: Request[Any, Any, Any], business_profile_id: FromPath[str], if_match: IfMatch = None
    ) -> None:
        """Delete a business profile. It can be restored for 30 days."""
        version = None if if_match is None else wanted_version(if_match)
        profile_id = path_id(business_profile_id, _NOT_FOUND)
        await profiles.delete(member_of(request), profile_id, version=version)

    @post(
        f"{_PATH}/restore",
        operation_id="restoreBusinessProfile",
        status_code=200,
        tags=["business"],
        responses=refuses(_NOT_FOUND, "limit_reached"),
    )
    async def restore_business_profile(
        request: Request[Any, Any, Any], business_profile_id: FromPath[str]
    ) -> Response[BusinessProfile]:
        """Restore a deleted business profile."""
        profile_id = path_id(business_profile_id, _NOT_FOUND)
        return answered(await profiles.restore(member_of(request), profile_id))

    @get(
        f"{_PATH}/versions",
        operation_id="listBusinessProfileVersions",
        tags=["business"],
        responses=refuses(_NOT_FOUND),
    )
    async def list_business_profile_versions(
        request: Request[Any, Any, Any],
        business_profile_id: FromPath[str],
        cursor: CursorText = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Page[BusinessVersion]:
        """The content of the business profile in each of its versions, newest first."""
        member, profile_id = member_of(request), path_id(business_profile_id, _NOT_FOUND)
        if await profiles.find(member, profile_id) is None:
            raise no_such_profile()
        below = number_of_cursor(cursor) if cursor is not None else None
        found = await profiles.versions(member, profile_id, below=below, limit=limit + 1)
        next_cursor = cursor_of_number(found[limit - 1].version) if len(found) > limit else None
        return Page(found[:limit], next_cursor)

    return [
        replace_business_profile,
        patch_business_profile,
        delete_business_profile,
        restore_business_profile,
        list_business_profile_versions,
    ]


def answered(profile: BusinessProfile) -> Response[BusinessProfile]:
    """A profile with the ETag for its next change."""
    return Response(profile, headers={"ETag": tag_of(profile)})
