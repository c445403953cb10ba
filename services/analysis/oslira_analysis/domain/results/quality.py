"""The parts of a score that are computed from facts. No model is involved, so scraped text cannot raise them."""

from typing import Final

from oslira_analysis.domain.facts.profile_facts import ProfileFacts
from oslira_analysis.domain.facts.reachability import Reachability
from oslira_analysis.domain.results.parts import Part, clamp

_RATE_WEIGHT: Final = 70
_CONSISTENCY_WEIGHT: Final = 20
_COMMENTS_WEIGHT: Final = 10
_USUAL_SCORE: Final = 60  # the points of a rate that is typical for the tier
_GOOD_COMMENT_RATIO: Final = 0.03
# Our defaults: an e-mail address counts most, then a website; a business account can be messaged.
_CHANNEL_POINTS: Final = {"email": 35, "phone": 20, "messenger": 20, "website": 25}
_BUSINESS_POINTS: Final = 20


def rate_engagement(facts: ProfileFacts, *, weight: int) -> Part:
    """70 % the rate relative to the tier's typical one, 20 % consistency, 10 % comments per like; less half the fake risk.

    The rate: 0 at zero, 60 at the typical rate, 100 at three times that, linear between. Consistency and comments
    that are unknown are excluded from the mean. None when the rate is unknown.
    """
    engagement = facts.engagement
    if engagement.versus_typical.value is None:
        return Part(score=None, weight=weight, reason=engagement.versus_typical.reason)
    known = [(_rate_score(engagement.versus_typical.value), _RATE_WEIGHT)]
    if engagement.consistency.value is not None:
        known.append((100 * engagement.consistency.value, _CONSISTENCY_WEIGHT))
    if engagement.comment_to_like.value is not None:
        comments = min(engagement.comment_to_like.value / _GOOD_COMMENT_RATIO, 1.0)
        known.append((100 * comments, _COMMENTS_WEIGHT))
    mean = sum(score * share for score, share in known) / sum(share for _, share in known)
    return Part(score=clamp(mean * (1 - (facts.fake_followers.risk.value or 0) / 200)), weight=weight)


def rate_reachability(reachability: Reachability, *, weight: int) -> Part:
    """E-mail 35, website 25, phone 20, messenger 20, business account 20 points, at most 100. None when unknown."""
    if not reachability.known:
        return Part(
            score=None, weight=weight, reason="the item has no biography, no link and no account type"
        )
    points = sum(_CHANNEL_POINTS[channel] for channel in reachability.channels)
    return Part(score=clamp(points + (_BUSINESS_POINTS if reachability.is_business else 0)), weight=weight)


def _rate_score(times_usual: float) -> float:
    if times_usual <= 1:
        return _USUAL_SCORE * times_usual
    return min(_USUAL_SCORE + (100 - _USUAL_SCORE) * (times_usual - 1) / 2, 100.0)
