"""Facts of a profile's posts: engagement, cadence, formats."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from oslira_analysis.domain.facts.benchmarks import BENCHMARKS, benchmark_for
from oslira_analysis.domain.facts.metric import Metric
from oslira_analysis.domain.facts.profile_facts import ProfileFacts
from oslira_analysis.domain.results.key_facts import select_key_facts

MakeFacts = Callable[..., ProfileFacts]
MakePost = Callable[..., dict[str, Any]]


def test_benchmarks_follow_the_audience() -> None:
    tiers = [benchmark_for(count).tier for count in (0, 9_999, 10_000, 499_999, 500_000, 96_000_000)]
    assert tiers == ["nano", "nano", "micro", "mid", "macro", "mega"]
    assert all(tier.typical_rate < tier.strong_rate for tier in BENCHMARKS)


def test_engagement_of_a_plain_profile(make_facts: MakeFacts) -> None:
    engagement = make_facts().engagement
    assert (engagement.countable_posts, engagement.tier) == (6, "nano")
    assert engagement.rate == Metric(0.02)  # (95 + 5) / 5,000
    assert engagement.versus_typical == Metric(0.666667)
    assert engagement.consistency == Metric(0.8)
    assert engagement.comment_to_like == Metric(0.052632)
    assert (engagement.likes_per_post, engagement.comments_per_post) == (Metric(95), Metric(5))


def test_pinned_posts_and_hidden_likes_are_left_out(make_facts: MakeFacts, make_post: MakePost) -> None:
    plain = [make_post(n) for n in range(3)]
    odd = [make_post(isPinned=True, likesCount=10**6), make_post(likesCount=-1), make_post(likesCount=None)]
    engagement = make_facts(latestPosts=[*odd, *plain]).engagement
    assert (engagement.countable_posts, engagement.rate) == (3, Metric(0.02))
    assert engagement.hidden_like_share == Metric(0.2)  # 1 of 5 whose item says something about likes


@pytest.mark.parametrize(
    ("changes", "metric", "reason"),
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
    make_facts: MakeFacts, changes: dict[str, Any], metric: str, reason: str
) -> None:
    assert getattr(make_facts(**changes).engagement, metric) == Metric(None, reason)


def test_posts_without_reactions_have_no_consistency(make_facts: MakeFacts, make_post: MakePost) -> None:
    engagement = make_facts(
        latestPosts=[make_post(n, likesCount=0, commentsCount=0) for n in range(3)]
    ).engagement
    assert engagement.rate == Metric(0.0)
    assert engagement.consistency == Metric(None, "these posts have no reactions")
    assert engagement.comment_to_like == Metric(None, "these posts have no likes")


def test_one_post_that_outdoes_all_is_no_consistency(make_facts: MakeFacts, make_post: MakePost) -> None:
    likes = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 10_000]
    posts = [make_post(n, likesCount=count, commentsCount=0) for n, count in enumerate(likes)]
    assert make_facts(latestPosts=posts).engagement.consistency == Metric(0.0)


def test_cadence_of_a_regular_profile(make_facts: MakeFacts) -> None:
    cadence = make_facts().cadence
    assert cadence.posts_per_week == Metric(2.333333)  # 5 gaps of 3 days
    assert (cadence.days_since_last_post, cadence.regularity) == (Metric(2), Metric(1.0))


def test_a_burst_is_not_hundreds_a_week(make_facts: MakeFacts, make_post: MakePost, now: datetime) -> None:
    at = [(now + timedelta(minutes=n)).isoformat() for n in range(4)]
    cadence = make_facts(latestPosts=[make_post(n, timestamp=moment) for n, moment in enumerate(at)]).cadence
    assert cadence.posts_per_week == Metric(21.0)  # 3 gaps in a day at least
    assert cadence.posts_per_week_is_lower_bound
    assert cadence.days_since_last_post == Metric(0)  # the clock there is ahead of ours


def test_nine_posts_in_27_hours_are_fifty_a_week(
    make_facts: MakeFacts, make_post: MakePost, now: datetime
) -> None:
    at = [now - timedelta(hours=27 * n / 8) for n in range(9)]
    posts = [make_post(n, timestamp=moment.isoformat()) for n, moment in enumerate(at)]
    facts = make_facts(latestPosts=posts)
    assert facts.cadence.posts_per_week == Metric(49.777778)
    assert not facts.cadence.posts_per_week_is_lower_bound
    assert select_key_facts(facts).posts_per_week == facts.cadence.posts_per_week


def test_posts_of_another_owner_are_in_no_metric(make_facts: MakeFacts, make_post: MakePost) -> None:
    own = [make_post(n, ownerUsername="crumb.and.co") for n in range(3)]
    collab = make_post(0, ownerUsername="somebody.famous", likesCount=10**6, videoViewCount=10**9)
    alone, both = make_facts(latestPosts=own), make_facts(latestPosts=[collab, *own])
    assert both == alone


def test_thin_cadence_is_null_with_its_reason(
    make_facts: MakeFacts, make_post: MakePost, now: datetime
) -> None:
    none = make_facts(latestPosts=[]).cadence
    assert none.days_since_last_post == Metric(None, "1 post with a date are needed, 0 are there")
    assert none.posts_per_week.value is None
    alike = make_facts(latestPosts=[make_post(n, timestamp=now.isoformat()) for n in range(4)]).cadence
    assert alike.regularity == Metric(None, "all posts have the same date")
    three = make_facts(latestPosts=[make_post(n) for n in range(3)]).cadence
    assert three.regularity.value is None
    assert three.posts_per_week.value is not None


def test_a_pinned_post_is_the_latest_but_no_cadence(
    make_facts: MakeFacts, make_post: MakePost, now: datetime
) -> None:
    pinned = make_post(isPinned=True, timestamp=now.isoformat())
    cadence = make_facts(latestPosts=[pinned, *(make_post(n) for n in range(3))]).cadence
    assert (cadence.days_since_last_post, cadence.posts_per_week) == (Metric(0), Metric(2.333333))


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
    assert (video.videos, video.views_per_video, video.views_per_follower) == (4, Metric(1500), Metric(0.3))
    assert video.interactions_per_view == Metric(0.075)
    assert (
        make_facts(latestPosts=posts, followersCount=0).video.views_per_follower.reason
        == "there are no followers"
    )
    assert make_facts(followersCount=None).video.views_per_follower.reason == "the follower count is unknown"
