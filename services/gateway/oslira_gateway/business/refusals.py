"""Errors about business profiles."""

from oslira_shared.errors import OsliraError

from oslira_gateway.business.profile import BusinessProfile


def no_such_profile() -> OsliraError:
    """It does not exist, was deleted, or is another account's."""
    return OsliraError("business_profile_not_found", "There is no such business profile in this account.")


def other_version(profile: BusinessProfile) -> OsliraError:
    """It was changed concurrently."""
    detail = f"The business profile has version {profile.version} now; read it again before you change it."
    return OsliraError("version_conflict", detail, version=profile.version)


def too_many_profiles(limit: int) -> OsliraError:
    """The account has as many as it may."""
    detail = f"An account has at most {limit} business profiles; delete one that you no longer need."
    return OsliraError("limit_reached", detail, limit=limit)
