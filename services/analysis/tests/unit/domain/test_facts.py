import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from oslira_analysis.domain.facts.benchmarks import BENCHMARKS, benchmark_for
from oslira_analysis.domain.facts.figure import Figure
from oslira_analysis.domain.facts.profile_facts import ProfileFacts

MakeFacts = Callable[..., ProfileFacts]
MakePost = Callable[..., dict[str, Any]]


def test_a_figure_is_a_value_or_a_reason() -> None:
    for value, reason in ((None, None), (1.0, "thin")):
        with pytest.raises(ValueError, match="either"):
            Figure(value, reason)


def test_benchmarks_follow_the_audience() -> None:
    tiers = [benchmark_for(count).tier for count in (0, 9_999, 10_000, 499_999, 500_000, 96_000_000)]
    assert tiers == ["nano", "nano", "micro", "mid", "macro", "mega"]
    assert all(tier.typical_rate < tier.strong_rate for tier in BENCHMARKS)


def test_engagement_of_a_plain_profile(make_facts: MakeFacts) -> None:
    engagement = make_facts().engagement
    assert (engagement.countable_posts, engagement.tier) == (6, "nano")
    assert engagement.rate == Figure(0.02)  # (95 + 5) / 5,000
    assert engagement.versus_typical == Figure(0.666667)
    assert engagement.consistency == Figure(0.8)
    assert engagement.comment_to_like == Figure(0.052632)
    assert (engagement.likes_per_post, engagement.comments_per_post) == (Figure(95), Figure(5))


def test_pinned_posts_and_hidden_likes_are_left_out(make_facts: MakeFacts, make_post: MakePost) -> None:
    plain = [make_post(n) for n in range(3)]
    odd = [make_post(isPinned=True, likesCount=10**6), make_post(likesCount=-1), make_post(likesCount=None)]
    engagement = make_facts(latestPosts=[*odd, *plain]).engagement
    assert (engagement.countable_posts, engagement.rate) == (3, Figure(0.02))
    assert engagement.hidden_like_share == Figure(0.2)  # 1 of 5 whose item says something about likes


@pytest.mark.parametrize(
    ("changes", "figure", "reason"),
    [
        (
            {"latestPosts": []},
            "rate",
            "3 posts that are not pinned and show their likes are needed, 0 are there",
        ),
        (
            {"latestPosts": []},
            "consistency",
            "3 posts that are not pinned and show their likes are needed, 0 are there",
        ),
        (
            {"latestPosts": []},
            "comment_to_like",
            "3 posts that show likes and comments are needed, 0 are there",
        ),
        ({"latestPosts": []}, "hidden_like_share", "1 posts with a like count are needed, 0 are there"),
        ({"followersCount": None}, "rate", "the follower count is unknown"),
        ({"followersCount": 0}, "rate", "there are no followers"),
        ({"followersCount": 0}, "versus_typical", "there are no followers"),
        ({"followersCount": 14}, "versus_typical", "100 followers are needed, 14 are there"),
    ],
)
def test_thin_engagement_is_null_with_its_reason(
    make_facts: MakeFacts, changes: dict[str, Any], figure: str, reason: str
) -> None:
    assert getattr(make_facts(**changes).engagement, figure) == Figure(None, reason)


def test_posts_nobody_reacts_to_have_no_consistency(make_facts: MakeFacts, make_post: MakePost) -> None:
    engagement = make_facts(
        latestPosts=[make_post(n, likesCount=0, commentsCount=0) for n in range(3)]
    ).engagement
    assert engagement.rate == Figure(0.0)
    assert engagement.consistency == Figure(None, "nobody reacted to these posts")
    assert engagement.comment_to_like == Figure(None, "nobody liked these posts")


def test_one_post_that_outdoes_all_is_no_consistency(make_facts: MakeFacts, make_post: MakePost) -> None:
    likes = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 10_000]
    posts = [make_post(n, likesCount=count, commentsCount=0) for n, count in enumerate(likes)]
    assert make_facts(latestPosts=posts).engagement.consistency == Figure(0.0)


def test_cadence_of_a_regular_profile(make_facts: MakeFacts) -> None:
    cadence = make_facts().cadence
    assert cadence.posts_per_week == Figure(2.333333)  # 5 gaps of 3 days
    assert (cadence.days_since_last_post, cadence.regularity) == (Figure(2), Figure(1.0))


def test_a_burst_is_not_hundreds_a_week(make_facts: MakeFacts, make_post: MakePost, now: datetime) -> None:
    at = [(now + timedelta(minutes=n)).isoformat() for n in range(4)]
    cadence = make_facts(latestPosts=[make_post(n, timestamp=moment) for n, moment in enumerate(at)]).cadence
    assert cadence.posts_per_week == Figure(3.0)
    assert cadence.days_since_last_post == Figure(0)  # the clock there is ahead of ours


def test_thin_cadence_is_null_with_its_reason(
    make_facts: MakeFacts, make_post: MakePost, now: datetime
) -> None:
    none = make_facts(latestPosts=[]).cadence
    assert none.days_since_last_post == Figure(None, "1 post with a date are needed, 0 are there")
    assert none.posts_per_week.value is None
    alike = make_facts(latestPosts=[make_post(n, timestamp=now.isoformat()) for n in range(4)]).cadence
    assert alike.regularity == Figure(None, "all posts have the same date")
    three = make_facts(latestPosts=[make_post(n) for n in range(3)]).cadence
    assert three.regularity.value is None
    assert three.posts_per_week.value is not None


def test_a_pinned_post_is_the_latest_but_no_cadence(
    make_facts: MakeFacts, make_post: MakePost, now: datetime
) -> None:
    pinned = make_post(isPinned=True, timestamp=now.isoformat())
    cadence = make_facts(latestPosts=[pinned, *(make_post(n) for n in range(3))]).cadence
    assert (cadence.days_since_last_post, cadence.posts_per_week) == (Figure(0), Figure(2.0))


def test_formats_and_content_are_shares(make_facts: MakeFacts, make_post: MakePost) -> None:
    posts = [
        make_post(0, type="Video", productType="clips", locationName="Porto"),
        make_post(1, type="Sidecar", caption="", hashtags=["Bread"], mentions=[]),
        make_post(2, isPinned=True),
        make_post(3),
        make_post(4),
    ]
    facts = make_facts(latestPosts=posts)
    formats = facts.formats
    assert [formats.images.value, formats.videos.value, formats.sidecars.value, formats.reels.value] == [
        0.5,
        0.25,
        0.25,
        0.25,
    ]
    content = facts.content
    assert (content.captioned.value, content.located.value) == (0.75, 0.25)
    assert (content.hashtags_per_post.value, content.mentions_per_post.value) == (1.75, 0.75)
    assert content.top_hashtags == ("bread", "bakery")
    assert (content.top_mentions, content.top_locations) == (("millfriends",), ("Porto",))


def test_videos_are_measured_by_their_views(make_facts: MakeFacts, make_post: MakePost) -> None:
    posts = [
        make_post(0, type="Video", videoViewCount=1_000),
        make_post(1, type="Video", videoViewCount=2_000),
        make_post(2, type="Video", videoViewCount=0),
        make_post(3, type="Video", videoViewCount=3_000, likesCount=-1),
    ]
    video = make_facts(latestPosts=posts).video
    assert (video.videos, video.views_per_video, video.views_per_follower) == (4, Figure(1500), Figure(0.3))
    assert video.interactions_per_view == Figure(0.075)
    assert (
        make_facts(latestPosts=posts, followersCount=0).video.views_per_follower.reason
        == "there are no followers"
    )
    assert make_facts(followersCount=None).video.views_per_follower.reason == "the follower count is unknown"


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
        ({"followersCount": 100_000, "postsCount": 9, "verified": True}, _BOUGHT, 30, "medium"),
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
