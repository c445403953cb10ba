"""The metrics that every type of result has under the same names."""

from pydantic import BaseModel, ConfigDict

from oslira_analysis.domain.facts.metric import Metric
from oslira_analysis.domain.facts.profile_facts import ProfileFacts


class KeyFacts(BaseModel):
    """A selection of ProfileFacts; the deeper types also contain all of it."""

    model_config = ConfigDict(frozen=True)

    followers: int | None
    tier: str | None
    engagement_rate: Metric
    engagement_versus_typical: Metric
    consistency: Metric
    comment_to_like: Metric
    hidden_like_share: Metric
    posts_per_week: Metric
    posts_per_week_is_lower_bound: bool = False  # older results do not have this field
    days_since_last_post: Metric
    fake_follower_risk: Metric
    channels: tuple[str, ...]
    gaps: tuple[str, ...]


def select_key_facts(facts: ProfileFacts) -> KeyFacts:
    return KeyFacts(
        followers=facts.followers,
        tier=facts.engagement.tier,
        engagement_rate=facts.engagement.rate,
        engagement_versus_typical=facts.engagement.versus_typical,
        consistency=facts.engagement.consistency,
        comment_to_like=facts.engagement.comment_to_like,
        hidden_like_share=facts.engagement.hidden_like_share,
        posts_per_week=facts.cadence.posts_per_week,
        posts_per_week_is_lower_bound=facts.cadence.posts_per_week_is_lower_bound,
        days_since_last_post=facts.cadence.days_since_last_post,
        fake_follower_risk=facts.fake_followers.risk,
        channels=facts.reachability.channels,
        gaps=tuple(gap.code for gap in facts.gaps),
    )
