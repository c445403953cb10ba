"""What each profile fact is, in one sentence, for who points at it. As oslira_analysis computes them (docs: analyses)."""

from typing import Final

FORMULAS: Final = {
    "engagement_rate": "Mean over the countable posts of (likes + comments) / followers",
    "engagement_versus_typical": "The rate / the usual rate of this size of account; 1 is usual",
    "consistency": "1 − the coefficient of variation of likes + comments; 1 is the same on every post",
    "comment_to_like": "Sum of comments / sum of likes",
    "posts_per_week": "(Posts − 1) / weeks between the oldest and the newest post",
    "days_since_last_post": "From the newest post to the analysis",
    "fake_follower_risk": "Points of the warning signs, 100 at most; an estimate, not a proof",
    "hidden_like_share": "Posts with hidden likes / posts that have a like count",
}
