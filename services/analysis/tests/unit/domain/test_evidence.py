from collections.abc import Callable
from typing import Any

import pytest
from oslira_analysis.domain.evidence import Claim, Source, find_quote, fold_profile, keep_supported
from oslira_analysis.domain.profile import Profile

MakeProfile = Callable[..., Profile]


@pytest.mark.parametrize(
    ("quote", "source"),
    [
        ("Family bakery in Porto", "biography"),
        ("FAMILY  BAKERY\nin porto wholesale", "biography"),
        ("“Wholesale for cafés”", "biography"),
        ("Wholesale for cafe\u0301s…", "biography"),
        ("Whole\u200bsale for", "biography"),
        ("Crumb & Co", "full_name"),
        ("crumb.and.co", "username"),
        ("crumb.example/", "external_url"),
        ("sourdough day 3", "post:4"),
        ("#bread #bakery", "post:1"),
        ("@millfriends", "post:1"),
    ],
)
def test_a_quote_is_found_where_the_profile_says_it(
    make_profile: MakeProfile, quote: str, source: Source
) -> None:
    assert find_quote(quote, make_profile()) == source


@pytest.mark.parametrize(
    "quote",
    [
        "",
        "  ",
        "a",
        "in",
        "i n",
        "\u200b\u200b\u200b",
        "...",
        '"""',
        "Family restaurant",
        "Porto Wholesale now",
    ],
)
def test_what_the_profile_does_not_say_is_no_evidence(make_profile: MakeProfile, quote: str) -> None:
    assert find_quote(quote, make_profile()) is None


def test_two_texts_are_not_joined_to_one_quote(make_profile: MakeProfile) -> None:
    assert find_quote("Crumb & Co Family bakery", make_profile()) is None


def test_location_and_category_are_evidence_too(
    make_profile: MakeProfile, make_post: Callable[..., dict[str, Any]]
) -> None:
    profile = make_profile(latestPosts=[make_post(locationName="Lisbon, Portugal")])
    assert find_quote("lisbon", profile) == "post:1"
    assert find_quote("bakery", profile, expected="category") == "category"


def test_the_named_place_wins_only_if_the_quote_is_there(make_profile: MakeProfile) -> None:
    assert find_quote("Sourdough day", make_profile(), expected="post:3") == "post:3"
    assert find_quote("Sourdough day 1", make_profile(), expected="biography") == "post:2"


def test_unsupported_claims_are_dropped_and_counted(make_profile: MakeProfile) -> None:
    claims = [
        Claim(claim="Runs a bakery.", quote="Family bakery", source="post:9"),
        Claim(claim="Has ten shops.", quote="ten shops", source="biography"),
        Claim(claim="\u200b", quote="Family bakery", source="biography"),
    ]
    kept, dropped = keep_supported(claims, fold_profile(make_profile()))
    assert kept == (Claim(claim="Runs a bakery.", quote="Family bakery", source="biography"),)
    assert dropped == 2


def test_an_absent_category_and_link_are_no_evidence(make_profile: MakeProfile) -> None:
    profile = make_profile(businessCategoryName=None, externalUrl=None, biography="")
    assert find_quote("None", profile) is None
