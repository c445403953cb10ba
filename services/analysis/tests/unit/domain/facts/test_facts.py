"""Facts of a profile: contact channels, maturity, fake followers, gaps."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from oslira_analysis.domain.facts.metric import Metric
from oslira_analysis.domain.facts.profile_facts import ProfileFacts

MakeFacts = Callable[..., ProfileFacts]
MakePost = Callable[..., dict[str, Any]]


def test_a_metric_is_a_value_or_a_reason() -> None:
    for value, reason in ((None, None), (1.0, "thin")):
        with pytest.raises(ValueError, match="either"):
            Metric(value, reason)


@pytest.mark.parametrize(
    ("biography", "channels"),
    [
        ("Bread", ()),
        ("hello@crumb.example", ("email",)),
        ("write to @crumb.friends", ()),
        ("+351 912 345 678", ("phone",)),
        ("Tel. (11) 91234-5678", ("phone",)),
        ("040 1234567", ("phone",)),
        ("2019-2024, +10.000.000 served, 1000 shops", ()),
        ("Whatsapp me", ("messenger",)),
        ("DM for orders", ("messenger",)),
        ("wa.me/351912", ("messenger",)),
        ("Order at crumb-bakery.com", ("website",)),
        ("👉 linktr.ee/crumb.and.co.", ("website",)),
        ("HTTPS://crumb.bakery/shop", ("website",)),
        ("www.crumb.bakery", ("website",)),
        ("bäckerei-müller.de|Porto", ("website",)),
        ("hello@crumb.com", ("email",)),
        ("by @crumb.co and me.co@crumb, e.g. No.1 since 9.30", ()),
        ("Coach.In Porto", ()),
    ],
)
def test_contact_channels_are_found_in_the_biography(
    make_facts: MakeFacts, biography: str, channels: tuple[str, ...]
) -> None:
    assert make_facts(biography=biography, externalUrl=None).reachability.channels == channels


@pytest.mark.parametrize(
    ("link", "channels"),
    [
        ("https://www.crumb.example/shop", ("website",)),
        ("https://wa.me/351912345678", ("messenger",)),
        ("https://[broken", ("website",)),
    ],
)
def test_contact_channels_are_found_in_links(
    make_facts: MakeFacts, link: str, channels: tuple[str, ...]
) -> None:
    assert make_facts(biography="Bread", externalUrl=link).reachability.channels == channels


@pytest.mark.parametrize(
    ("changes", "stage", "age"),
    [
        ({"postsCount": None}, None, None),
        ({"postsCount": 11}, "new", None),
        ({"joinedRecently": True}, "new", None),
        ({"postsCount": 99}, "growing", None),
        ({"postsCount": 100}, "established", None),
        ({"about": {"date_joined_as_timestamp": 1_793_491_200}}, "growing", 21),  # November 2026
        ({"about": {"date_joined_as_timestamp": 1_375_315_200}}, "established", 4_861),
    ],
)
def test_maturity_by_posts_and_age(
    make_facts: MakeFacts, changes: dict[str, Any], stage: str | None, age: int | None
) -> None:
    maturity = make_facts(**changes).maturity
    assert (maturity.stage, maturity.age_days.value) == (stage, age)


@pytest.mark.parametrize(
    ("changes", "warnings", "risk", "level"),
    [
        ({}, (), 0, "low"),
        ({"followsCount": 2_000, "followersCount": 900}, ("follows_far_more_than_followers",), 20, "low"),
        (
            {"followsCount": 7_400, "followersCount": 900},
            ("follows_far_more_than_followers", "follows_near_the_limit"),
            35,
            "medium",
        ),
        (
            {"followersCount": 100_000, "postsCount": 9},
            _BOUGHT := ("few_posts_for_many_followers", "engagement_far_below_usual"),
            60,
            "high",
        ),
        ({"followersCount": 100_000, "postsCount": 9, "verified": True}, _BOUGHT, 60, "high"),
        ({"followersCount": 100_000, "verified": True}, ("engagement_far_below_usual",), 35, "medium"),
        (
            {"followersCount": 5_000, "latestPosts": "strong"},
            ("engagement_implausibly_high", "almost_no_comments", "likes_all_alike"),
            50,
            "high",
        ),
        (
            {"followersCount": 10_000, "joinedRecently": True, "biography": "", "externalUrl": None},
            ("new_account_with_many_followers", "no_biography_and_no_link"),
            30,
            "medium",
        ),
    ],
)
def test_fake_followers_show_by_warnings(
    *,
    make_facts: MakeFacts,
    make_post: MakePost,
    changes: dict[str, Any],
    warnings: tuple[str, ...],
    risk: int,
    level: str,
) -> None:
    uneven = [make_post(n, likesCount=60 + 30 * (n % 2)) for n in range(6)]
    strong = [make_post(n, likesCount=4_000, commentsCount=1) for n in range(6)]
    posts = strong if changes.get("latestPosts") else uneven
    found = make_facts(**{**changes, "latestPosts": posts}).fake_followers
    assert (found.warnings, found.risk.value, found.level) == (warnings, risk, level)


def test_without_reactions_no_profile_is_low_risk(make_facts: MakeFacts) -> None:
    reason = "3 posts that are not pinned and show their likes are needed, 0 are there"
    silent = make_facts(latestPosts=[]).fake_followers
    assert (silent.risk, silent.level, silent.warnings) == (Metric(None, reason), None, ())
    one_sign = make_facts(latestPosts=[], followersCount=900, followsCount=2_000).fake_followers
    assert (one_sign.risk.value, one_sign.level) == (None, None)
    assert one_sign.warnings == ("follows_far_more_than_followers",)
    signs = make_facts(latestPosts=[], followersCount=900, followsCount=7_400).fake_followers
    assert (signs.risk.value, signs.level) == (35, "medium")


def test_fake_followers_need_followers(make_facts: MakeFacts) -> None:
    assert make_facts(followersCount=None).fake_followers.risk.reason == "the follower count is unknown"
    few = make_facts(followersCount=99).fake_followers
    assert (few.risk.reason, few.level) == ("100 followers are needed, 99 are there", None)


def test_gaps_name_what_is_missing(make_facts: MakeFacts, make_post: MakePost) -> None:
    posts = [
        make_post(20 * n, caption="x", hashtags=[], likesCount=1 + 60 * (n % 3 == 2), commentsCount=0)
        for n in range(3)
    ]
    bare = {"biography": "", "externalUrl": None, "businessCategoryName": None, "highlightReelCount": 0}
    facts = make_facts(latestPosts=[{**post, "timestamp": _months_ago(post)} for post in posts], **bare)
    assert [gap.code for gap in facts.gaps] == [
        "low_engagement", "few_comments", "uneven_engagement",
        "posts_rarely", "inactive", "few_hashtags", "thin_captions",
        "no_link", "no_contact", "no_biography",
        "no_category", "no_reels", "no_highlights",
    ]  # fmt: skip
    assert {gap.area for gap in facts.gaps} == {"engagement", "content", "conversion", "platform"}
    assert all(gap.detail.endswith(".") for gap in facts.gaps)


def _months_ago(post: dict[str, Any]) -> str:
    return (datetime.fromisoformat(post["timestamp"]) - timedelta(days=90)).isoformat()


def test_a_profile_without_gaps_shows_none(make_facts: MakeFacts, make_post: MakePost) -> None:
    posts = [make_post(n, likesCount=300, type="Video", productType="clips") for n in range(6)]
    assert make_facts(latestPosts=posts).gaps == ()


def test_what_an_item_does_not_say_is_no_gap(make_facts: MakeFacts) -> None:
    silent = make_facts(biography=None, externalUrl=None, isBusinessAccount=None, latestPosts=[])
    assert [gap.code for gap in silent.gaps] == []
    private = make_facts(isBusinessAccount=False, latestPosts=[])
    assert [gap.code for gap in private.gaps] == ["no_business_account"]


def test_facts_are_plain_json(make_facts: MakeFacts) -> None:
    facts = make_facts().to_json()
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert facts["engagement"]["rate"] == {"value": 0.02, "reason": None}
