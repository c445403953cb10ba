"""Render a profile as JSON for a prompt: fixed keys, bounded cost."""

from dataclasses import dataclass
from typing import Any, Final

from oslira_analysis.domain.facts.metric import Metric
from oslira_analysis.domain.facts.profile_facts import ProfileFacts
from oslira_analysis.domain.profile import Post, Profile
from oslira_analysis.domain.prompts.delimited import dump_json
from oslira_analysis.domain.prompts.token_estimate import estimate_tokens

MAX_PROFILE_TOKENS: Final = 6_000
_LONGEST_WORD: Final = 40


@dataclass(frozen=True, slots=True)
class _Budget:
    caption_chars: int
    tags: int


# Tried in order until the document fits. The last always fits, because every other text of a Profile is bounded.
_BUDGETS: Final = (
    _Budget(2_200, 30),
    _Budget(1_200, 20),
    _Budget(800, 15),
    _Budget(500, 10),
    _Budget(300, 6),
    _Budget(150, 3),
    _Budget(60, 1),
    _Budget(0, 0),
)


def render_profile(profile: Profile, facts: ProfileFacts) -> str:
    """One JSON document of at most 6,000 tokens by our estimate: captions and hashtags are truncated until it fits."""
    documents = (dump_json(_profile(profile, facts, budget)) for budget in _BUDGETS)
    return next(document for document in documents if estimate_tokens(document) <= MAX_PROFILE_TOKENS)


def _profile(profile: Profile, facts: ProfileFacts, budget: _Budget) -> dict[str, Any]:
    return {
        "username": profile.username,
        "full_name": profile.full_name,
        "biography": profile.biography,
        "category": profile.category,
        "external_url": profile.external_url,
        "followers": profile.followers,
        "follows": profile.follows,
        "posts_count": profile.posts_count,
        "is_business": profile.is_business,
        "verified": profile.is_verified,
        "facts": _facts(facts),
        "posts": [_post(post, budget) for post in profile.posts],
    }


def _post(post: Post, budget: _Budget) -> dict[str, Any]:
    cut = _cut(post.caption, budget.caption_chars)
    return {
        "ref": post.ref,
        "type": "reel" if post.is_reel else post.type,
        "caption": cut,
        "caption_is_cut": len(cut) < len(post.caption),
        "likes": "hidden" if post.likes_hidden else post.likes,
        "comments": post.comments,
        "posted_on": post.posted_at.date().isoformat() if post.posted_at else None,
        "pinned": bool(post.pinned),
        "by_other_owner": not post.is_own,
        "location": post.location[: budget.caption_chars] if post.location else None,
        "hashtags": list(post.hashtags[: budget.tags]),
        "mentions": list(post.mentions[: budget.tags]),
    }


def _facts(facts: ProfileFacts) -> dict[str, Any]:
    """Numbers only, with few digits; null if there is too little data."""
    return {
        "engagement_rate_percent": _rounded(facts.engagement.rate, times=100),
        "engagement_times_usual_for_size": _rounded(facts.engagement.versus_typical),
        "engagement_consistency": _rounded(facts.engagement.consistency),
        "comments_per_100_likes": _rounded(facts.engagement.comment_to_like, times=100),
        "hidden_like_share": _rounded(facts.engagement.hidden_like_share),
        "posts_per_week": _rounded(facts.cadence.posts_per_week),
        "posts_per_week_is_lower_bound": facts.cadence.posts_per_week_is_lower_bound,
        "days_since_last_post": _rounded(facts.cadence.days_since_last_post),
        "reels_share": _rounded(facts.formats.reels),
        "views_per_follower": _rounded(facts.video.views_per_follower),
        "account_stage": facts.maturity.stage,
        "fake_follower_risk": facts.fake_followers.level,
        "contact_channels": list(facts.reachability.channels),
        "gaps": [gap.code for gap in facts.gaps],
    }


def _cut(caption: str, limit: int) -> str:
    """Truncate at a nearby word boundary: half a word cannot be quoted."""
    if len(caption) <= limit:
        return caption
    whole = caption[:limit].rsplit(maxsplit=1)[0] if limit else ""
    return whole if limit - len(whole) <= _LONGEST_WORD else caption[:limit]


def _rounded(metric: Metric, *, times: int = 1) -> float | None:
    return None if metric.value is None else round(metric.value * times, 2)
