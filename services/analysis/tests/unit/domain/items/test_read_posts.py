"""Posts of an item: their owners, comments and views."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from oslira_analysis.domain.facts.profile_facts import compute_facts
from oslira_analysis.domain.items.read_item import read_item

Make = Callable[..., dict[str, Any]]
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ME = {"ownerUsername": "Crumb.and.co", "ownerId": "7"}
OTHER = {"ownerUsername": "mill.friends", "ownerId": "8"}
RENAMED = {"ownerUsername": "crumb.before", "ownerId": 7}


@pytest.mark.parametrize(
    ("owners", "own"),
    [
        ([ME, OTHER, {}], [True, False, True]),
        ([ME, RENAMED, OTHER], [True, True, False]),
        ([OTHER, OTHER, ME], [False, False, True]),
        # No post names the profile: most posts of one owner are the profile's.
        ([OTHER, OTHER, {"ownerUsername": "third"}], [True, True, False]),
        ([OTHER, {"ownerUsername": "third"}], [False, False]),
        ([{}, {}], [True, True]),
        ([{"ownerUsername": {}, "ownerId": "x"}], [True]),
    ],
)
def test_a_post_of_another_owner_is_not_the_profiles(
    make_item: Make, make_post: Make, owners: list[dict[str, Any]], own: list[bool]
) -> None:
    profile = read_item(make_item(id="7", latestPosts=[make_post(**owner) for owner in owners]))
    assert [post.is_own for post in profile.posts] == own
    assert len(profile.unpinned_posts) == sum(own)


def test_likes_of_another_owners_audience_make_no_engagement(make_item: Make, make_post: Make) -> None:
    mine = [make_post(index, **ME, likesCount=100) for index in range(5)]
    collaboration = make_post(9, **OTHER, likesCount=1_000_000)
    with_it, without = (
        compute_facts(read_item(make_item(id="7", latestPosts=posts)), now=NOW)
        for posts in ([collaboration, *mine], mine)
    )
    assert with_it.engagement == without.engagement
    assert with_it.cadence == without.cadence


def test_comments_that_are_off_are_unknown(make_item: Make, make_post: Make) -> None:
    raw = [make_post(commentsCount=0, isCommentsDisabled=True)]
    assert read_item(make_item(latestPosts=raw)).posts[0].comments is None


def test_the_larger_view_count_is_taken(make_item: Make, make_post: Make) -> None:
    raw = [
        make_post(type="Video", productType="clips", videoViewCount=10, videoPlayCount=30),
        make_post(type="X"),
    ]
    reel, other = read_item(make_item(latestPosts=raw)).posts
    assert (reel.type, reel.is_reel, reel.video_views) == ("video", True, 30)
    assert (other.type, other.is_reel, other.video_views) == ("other", False, None)
