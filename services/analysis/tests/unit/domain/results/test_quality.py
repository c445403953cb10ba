from collections.abc import Callable
from typing import Any

import pytest
from oslira_analysis.domain.facts.profile_facts import ProfileFacts
from oslira_analysis.domain.results.quality import rate_engagement, rate_reachability

MakeFacts = Callable[..., ProfileFacts]
MakePost = Callable[..., dict[str, Any]]


def test_engagement_grows_with_the_rate(make_facts: MakeFacts, make_post: MakePost) -> None:
    def score(likes: int) -> int:
        posts = [make_post(n, likesCount=likes, commentsCount=likes // 10) for n in range(5)]
        return rate_engagement(make_facts(latestPosts=posts), weight=25).score or 0

    scores = [score(likes) for likes in (0, 20, 60, 150, 300, 450, 900)]
    assert scores == sorted(scores)
    assert (scores[0], scores[-1]) == (0, 100)


def test_unknown_comments_and_consistency_are_left_out(make_facts: MakeFacts, make_post: MakePost) -> None:
    posts = [make_post(n, likesCount=150, isCommentsDisabled=True) for n in range(3)]
    assert rate_engagement(make_facts(latestPosts=posts), weight=25).score == 69  # (70 * 60 + 20 * 100) / 90


def test_bought_followers_cost_engagement_quality(make_facts: MakeFacts) -> None:
    fair = rate_engagement(make_facts(), weight=25).score or 0
    bought = rate_engagement(make_facts(followsCount=12_000), weight=25).score or 0  # two warnings, 35 points
    assert (fair, bought) == (54, 45)  # 54 less 17.5 %


def test_no_rate_is_no_score_but_a_reason(make_facts: MakeFacts) -> None:
    part = rate_engagement(make_facts(followersCount=None), weight=25)
    assert (part.score, part.weight, part.reason) == (None, 25, "the follower count is unknown")


@pytest.mark.parametrize(
    ("changes", "score"),
    [
        ({"biography": "Just bread.", "externalUrl": None, "isBusinessAccount": False}, 0),
        ({"biography": "Just bread.", "externalUrl": None}, 20),
        ({}, 80),
        ({"biography": "a@b.example +351 912 345 678, DM us"}, 100),
        ({"biography": None, "externalUrl": None, "isBusinessAccount": None}, None),
    ],
)
def test_reachability_counts_channels(
    make_facts: MakeFacts, changes: dict[str, Any], score: int | None
) -> None:
    assert rate_reachability(make_facts(**changes).reachability, weight=15).score == score
