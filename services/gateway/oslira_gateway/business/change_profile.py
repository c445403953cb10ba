"""Change a business profile, completely or in part, by the version that the caller has read."""

import re
from typing import Final
from uuid import UUID

from oslira_shared.errors import OsliraError
from pydantic import ValidationError

from oslira_gateway.business.ports import BusinessProfiles
from oslira_gateway.business.profile import BusinessContext, BusinessPatch, BusinessProfile
from oslira_gateway.business.refusals import no_such_profile
from oslira_gateway.identity.caller import Member

_TAG: Final = re.compile(r'(?:W/)?"([1-9][0-9]{0,8})"')
# For a patch of any version, against concurrent changes of the same profile.
_TRIES: Final = 5
_NEVER: Final = 0  # no version has this number


def tag_of(profile: BusinessProfile) -> str:
    """Its ETag."""
    return f'"{profile.version}"'


def wanted_version(if_match: str | None) -> int | None:
    """The version in If-Match; None for `*`, any version. Raises OsliraError `version_required` without the header."""
    if if_match is None:
        raise OsliraError(
            "version_required", 'Say which version you have seen: If-Match: "3", or * for whichever it is.'
        )
    if if_match.strip() == "*":
        return None
    tag = _TAG.fullmatch(if_match.strip())
    return int(tag[1]) if tag else _NEVER


class PatchProfile:
    """Reads, merges and writes by compare-and-set; a concurrent change is never lost."""

    def __init__(self, profiles: BusinessProfiles) -> None:
        self._profiles = profiles

    async def __call__(
        self, member: Member, profile_id: UUID, patch: BusinessPatch, *, version: int | None
    ) -> BusinessProfile:
        """Raises OsliraError: business_profile_not_found, version_conflict, invalid_request."""
        for _ in range(_TRIES):
            found = await self._profiles.find(member, profile_id)
            if found is None:
                raise no_such_profile()
            context = _patched(found.context, patch)
            try:
                return await self._profiles.change(
                    member, profile_id, context, version=found.version if version is None else version
                )
            except OsliraError as error:
                if error.code != "version_conflict" or version is not None:
                    raise
        raise OsliraError("unavailable", "The business profile is being changed right now; try again.")


def _patched(context: BusinessContext, patch: BusinessPatch) -> BusinessContext:
    try:
        return patch.applied_to(context)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_context=False, include_url=False)
        errors = [{"key": ".".join(map(str, fault["loc"])), "message": fault["msg"]} for fault in faults]
        raise OsliraError(
            "invalid_request", "The business profile would not be valid any more.", errors=errors
        ) from error
