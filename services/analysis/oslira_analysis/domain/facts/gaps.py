"""Weaknesses that the metrics show: where a service could help this profile."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from oslira_analysis.domain.facts.cadence import Cadence
from oslira_analysis.domain.facts.content import Content
from oslira_analysis.domain.facts.engagement import Engagement
from oslira_analysis.domain.facts.formats import Formats
from oslira_analysis.domain.facts.metric import Metric
from oslira_analysis.domain.facts.reachability import Reachability
from oslira_analysis.domain.profile import Profile

Area = Literal["engagement", "content", "conversion", "platform"]


@dataclass(frozen=True, slots=True)
class Gap:
    """`code` is stable, `detail` a sentence with the metric behind it. A metric that is null is not a gap."""

    area: Area
    code: str
    detail: str


def find_engagement_gaps(engagement: Engagement) -> Iterator[Gap]:
    """Below half the tier's usual rate; below 1 comment per 100 likes; consistency below 0.3."""
    if _below(engagement.versus_typical, 0.5):
        times = engagement.versus_typical.value
        yield Gap("engagement", "low_engagement", f"Engagement is {times:.2f} times the usual for this size.")
    if _below(engagement.comment_to_like, 0.01):
        per_100 = 100 * (engagement.comment_to_like.value or 0)
        yield Gap("engagement", "few_comments", f"There are {per_100:.1f} comments per 100 likes.")
    if _below(engagement.consistency, 0.3):
        yield Gap("engagement", "uneven_engagement", "Some posts do far better than others.")


def find_content_gaps(cadence: Cadence, content: Content) -> Iterator[Gap]:
    """Below 1 post a week; nothing for over 30 days; below 1 hashtag a post; captions below 50 characters."""
    if _below(cadence.posts_per_week, 1):
        yield Gap("content", "posts_rarely", f"There are {cadence.posts_per_week.value:.2f} posts a week.")
    if (days := cadence.days_since_last_post.value) is not None and days > 30:  # noqa: PLR2004
        yield Gap("content", "inactive", f"The last post is {days:.0f} days old.")
    if _below(content.hashtags_per_post, 1):
        yield Gap(
            "content", "few_hashtags", f"There are {content.hashtags_per_post.value:.1f} hashtags a post."
        )
    if _below(content.caption_length, 50):
        yield Gap("content", "thin_captions", f"A caption has {content.caption_length.value:.0f} characters.")


def find_conversion_gaps(profile: Profile, reachability: Reachability) -> Iterator[Gap]:
    """No link; no e-mail, phone or messenger; no biography. Not reported where the item lacks the fields."""
    if not reachability.known:
        return
    if profile.links_known and not reachability.website:
        yield Gap("conversion", "no_link", "The profile links to no website.")
    if not (reachability.email or reachability.phone or reachability.messenger):
        yield Gap("conversion", "no_contact", "The biography names no e-mail, phone or messenger.")
    if not profile.biography:
        yield Gap("conversion", "no_biography", "There is no biography.")


def find_platform_gaps(profile: Profile, formats: Formats) -> Iterator[Gap]:
    """No business account; a business account without category; no reels; no highlights."""
    if profile.is_business is False:
        yield Gap("platform", "no_business_account", "This is not a business account.")
    if profile.is_business and profile.category is None:
        yield Gap("platform", "no_category", "The business account names no category.")
    if formats.reels.value == 0:
        yield Gap("platform", "no_reels", "None of the latest posts is a reel.")
    if profile.highlights == 0:
        yield Gap("platform", "no_highlights", "There are no story highlights.")


def _below(metric: Metric, bound: float) -> bool:
    return metric.value is not None and metric.value < bound
