"""Engagement metrics."""

from dataclasses import dataclass
from typing import Final

from oslira_analysis.domain.facts.benchmarks import benchmark_for
from oslira_analysis.domain.facts.metric import (
    MIN_POSTS,
    Metric,
    evenness,
    known,
    mean,
    share,
    too_few,
    unknown,
)
from oslira_analysis.domain.profile import Post, Profile

_COUNTABLE: Final = "posts that are not pinned and show their likes"
_MIN_FOLLOWERS: Final = 100


@dataclass(frozen=True, slots=True)
class Engagement:
    """Over the countable posts: own, not pinned, likes known and not hidden. Each from the posts of the scraped item.

    rate: mean over posts of (likes + comments) / followers.
    versus_typical: rate / the usual rate of the follower tier (benchmarks.py); 1 is usual. From 100 followers on.
    consistency: 1 − coefficient of variation of likes + comments, at least 0; 1 is the same on every post.
    comment_to_like: sum of comments / sum of likes, over posts whose comments are known.
    likes_per_post, comments_per_post: means.
    hidden_like_share: posts with hidden likes / posts whose item has a like count, pinned ones included.
    """

    countable_posts: int
    tier: str | None
    rate: Metric
    versus_typical: Metric
    consistency: Metric
    comment_to_like: Metric
    likes_per_post: Metric
    comments_per_post: Metric
    hidden_like_share: Metric


def countable_posts(profile: Profile) -> tuple[Post, ...]:
    return tuple(post for post in profile.unpinned_posts if post.likes is not None)


def measure_engagement(profile: Profile) -> Engagement:
    posts = countable_posts(profile)
    interactions = [(post.likes or 0) + (post.comments or 0) for post in posts]
    rate = _rate(interactions, profile.followers)
    known_likes = [post for post in profile.own_posts if post.likes is not None or post.likes_hidden]
    return Engagement(
        countable_posts=len(posts),
        tier=None if profile.followers is None else benchmark_for(profile.followers).tier.value,
        rate=rate,
        versus_typical=_versus_typical(rate, profile.followers),
        consistency=_consistency(interactions),
        comment_to_like=_comment_to_like(posts),
        likes_per_post=mean([post.likes or 0 for post in posts], of=_COUNTABLE),
        comments_per_post=mean(
            [post.comments for post in profile.unpinned_posts if post.comments is not None],
            of="posts with a comment count",
        ),
        hidden_like_share=share(
            [post.likes_hidden for post in known_likes], of="posts with a like count", needed=1
        ),
    )


def _rate(interactions: list[int], followers: int | None) -> Metric:
    if not followers:
        return unknown("the follower count is unknown" if followers is None else "there are no followers")
    return mean([count / followers for count in interactions], of=_COUNTABLE)


def _versus_typical(rate: Metric, followers: int | None) -> Metric:
    if rate.value is None or followers is None:
        return rate
    if followers < _MIN_FOLLOWERS:  # too few followers to compare with a benchmark
        return unknown(f"{_MIN_FOLLOWERS} followers are needed, {followers} are there")
    return known(rate.value / benchmark_for(followers).typical_rate)


def _consistency(interactions: list[int]) -> Metric:
    if len(interactions) < MIN_POSTS:
        return too_few(_COUNTABLE, there=len(interactions))
    return known(evenness(interactions)) if any(interactions) else unknown("these posts have no reactions")


def _comment_to_like(posts: tuple[Post, ...]) -> Metric:
    pairs = [(post.comments, post.likes or 0) for post in posts if post.comments is not None]
    likes = sum(like for _, like in pairs)
    if len(pairs) < MIN_POSTS:
        return too_few("posts that show likes and comments", there=len(pairs))
    return (
        known(sum(comment for comment, _ in pairs) / likes) if likes else unknown("these posts have no likes")
    )
