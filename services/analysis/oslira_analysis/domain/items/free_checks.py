"""Checks that end a run before any model request. They cost nothing: the run ends with a reason and is not charged."""

from dataclasses import dataclass
from typing import Final, Literal

from oslira_analysis.domain.business import BusinessContext, IdealCustomer
from oslira_analysis.domain.items.error_items import UnavailableReason
from oslira_analysis.domain.items.judge_items import UnusableReason
from oslira_analysis.domain.items.read_item import ProfileUnavailable
from oslira_analysis.domain.profile import Profile

RefusalCode = Literal[
    "profile_not_found", "profile_private", "profile_restricted", "profile_empty", "followers_out_of_bounds"
]


@dataclass(frozen=True, slots=True)
class Rejection:
    """Final: `code` is stable, `detail` is a sentence for the user."""

    code: RefusalCode
    detail: str


_PRIVATE: Final = Rejection("profile_private", "This profile is private, so there is nothing to score.")
_EMPTY: Final = Rejection(
    "profile_empty", "This profile has no posts and no biography, so there is nothing to score."
)
_UNAVAILABLE: Final[dict[UnavailableReason, Rejection]] = {
    "not_found": Rejection("profile_not_found", "There is no Instagram profile with this name."),
    "private": _PRIVATE,
    "restricted": Rejection(
        "profile_restricted", "Instagram shows this profile only to some people, by age or country."
    ),
    # The scraper cannot distinguish these. Private is by far more common; the sentence covers both.
    "empty_or_private": Rejection(
        "profile_private", "This profile is private, or shows nothing to the public."
    ),
}


_UNUSABLE: Final[dict[UnusableReason, str]] = {
    "no_item": "The scraper returned nothing",
    "unreadable": "The scraper returned nothing that can be read",
    "blocked": "Instagram did not let the scraper look at this profile",
    "incomplete": "The scraper saw this profile's page without any of its counts",
    "posts_missing": "The scraper could read none of this profile's posts",
    "another_profile": "The scraper returned another profile than this one",
}


def explain_unusable(reason: UnusableReason) -> str:
    """The sentence for the user when the last of several attempts could not fetch the profile."""
    return f"{_UNUSABLE[reason]}, also when tried again. You were not charged."


def reject_unavailable(unavailable: ProfileUnavailable) -> Rejection:
    """The rejection of a profile that the scraper could not read."""
    return _UNAVAILABLE[unavailable.reason]


def free_check(profile: Profile, business: BusinessContext) -> Rejection | None:
    """Why this profile is not scored for this business; None if it is."""
    if profile.is_private:
        return _PRIVATE
    if not profile.posts and not profile.biography:
        return _EMPTY
    return _check_followers(profile.followers, business.ideal_customer)


def _check_followers(followers: int | None, wanted: IdealCustomer) -> Rejection | None:
    """An unknown count rejects nothing."""
    if followers is None:
        return None
    too_few = wanted.followers_min is not None and followers < wanted.followers_min
    too_many = wanted.followers_max is not None and followers > wanted.followers_max
    if not too_few and not too_many:
        return None
    return Rejection(
        "followers_out_of_bounds",
        f"This profile has {followers:,} followers; the business asks for {_range(wanted)}.",
    )


def _range(wanted: IdealCustomer) -> str:
    if wanted.followers_max is None:
        return f"at least {wanted.followers_min:,}"
    if wanted.followers_min is None:
        return f"at most {wanted.followers_max:,}"
    return f"{wanted.followers_min:,} to {wanted.followers_max:,}"
