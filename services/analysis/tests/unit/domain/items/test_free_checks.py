from collections.abc import Callable
from typing import Any, get_args

import pytest
from oslira_analysis.domain.business import BusinessContext
from oslira_analysis.domain.items.free_checks import explain_unusable, free_check, reject_unavailable
from oslira_analysis.domain.items.judge_items import UNUSABLE, UnusableReason
from oslira_analysis.domain.items.read_item import ProfileUnavailable, UnavailableReason
from oslira_analysis.domain.profile import Profile
from oslira_shared.errors import CODES, Kind

MakeProfile = Callable[..., Profile]
MakeBusiness = Callable[..., BusinessContext]


def test_a_public_profile_passes(make_profile: MakeProfile, make_business: MakeBusiness) -> None:
    assert free_check(make_profile(), make_business()) is None
    assert free_check(make_profile(latestPosts=[]), make_business()) is None
    assert free_check(make_profile(biography=None), make_business()) is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"private": True}, "profile_private"),
        ({"private": True, "latestPosts": []}, "profile_private"),
        ({"biography": "", "latestPosts": []}, "profile_empty"),
    ],
)
def test_a_profile_without_content_is_rejected(
    make_profile: MakeProfile, make_business: MakeBusiness, changes: dict[str, Any], code: str
) -> None:
    refusal = free_check(make_profile(**changes), make_business())
    assert refusal is not None
    assert refusal.code == code


@pytest.mark.parametrize(
    ("bounds", "says"),
    [
        ({"followers_min": 5_001}, "5,000 followers; the business asks for at least 5,001."),
        ({"followers_max": 4_999}, "5,000 followers; the business asks for at most 4,999."),
        ({"followers_min": 10, "followers_max": 20}, "5,000 followers; the business asks for 10 to 20."),
        ({"followers_min": 5_000, "followers_max": 5_000}, None),
        ({"followers_min": 5_000}, None),
        ({"followers_max": 5_000}, None),
    ],
)
def test_follower_bounds_are_inclusive(
    make_profile: MakeProfile, make_business: MakeBusiness, bounds: dict[str, int], says: str | None
) -> None:
    refusal = free_check(make_profile(), make_business(**bounds))
    assert (refusal.detail.removeprefix("This profile has ") if refusal else None) == says


def test_an_unknown_follower_count_decides_nothing(
    make_profile: MakeProfile, make_business: MakeBusiness
) -> None:
    assert free_check(make_profile(followersCount=None), make_business(followers_min=10)) is None


@pytest.mark.parametrize("reason", get_args(UnavailableReason))
def test_every_unavailable_profile_ends_with_a_known_final_code(reason: UnavailableReason) -> None:
    refusal = reject_unavailable(ProfileUnavailable(reason))
    assert CODES[refusal.code] is Kind.REFUSED
    assert refusal.detail.endswith(".")


@pytest.mark.parametrize("reason", UNUSABLE)
def test_the_user_gets_the_reason_why_a_profile_could_not_be_fetched(reason: UnusableReason) -> None:
    assert set(UNUSABLE) == set(get_args(UnusableReason))
    assert explain_unusable(reason).endswith("also when tried again. You were not charged.")
