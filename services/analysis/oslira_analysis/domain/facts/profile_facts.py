"""Everything that is computed about one profile."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from oslira_analysis.domain.facts.cadence import Cadence, measure_cadence
from oslira_analysis.domain.facts.content import Content, measure_content
from oslira_analysis.domain.facts.engagement import Engagement, measure_engagement
from oslira_analysis.domain.facts.fake_followers import FakeFollowers, measure_fake_followers
from oslira_analysis.domain.facts.formats import Formats, measure_formats
from oslira_analysis.domain.facts.gaps import (
    Gap,
    find_content_gaps,
    find_conversion_gaps,
    find_engagement_gaps,
    find_platform_gaps,
)
from oslira_analysis.domain.facts.maturity import Maturity, measure_maturity
from oslira_analysis.domain.facts.reachability import Reachability, measure_reachability
from oslira_analysis.domain.facts.video import Video, measure_video
from oslira_analysis.domain.profile import Profile


@dataclass(frozen=True, slots=True)
class ProfileFacts:
    """The same for every analysis type and every business: depends only on the profile and `now`."""

    followers: int | None
    engagement: Engagement
    cadence: Cadence
    formats: Formats
    content: Content
    video: Video
    reachability: Reachability
    maturity: Maturity
    fake_followers: FakeFollowers
    gaps: tuple[Gap, ...]
    as_of: str | None = None  # the UTC day that ages are counted to; older results have none

    def to_json(self) -> dict[str, Any]:
        """Plain JSON: each metric as `{value, reason}`, tuples as arrays."""
        return _plain(asdict(self))


def compute_facts(profile: Profile, *, now: datetime) -> ProfileFacts:
    """`now` has an offset; with the same `now` the facts are the same."""
    engagement = measure_engagement(profile)
    cadence = measure_cadence(profile, now=now)
    formats, content = measure_formats(profile), measure_content(profile)
    reachability = measure_reachability(profile)
    return ProfileFacts(
        followers=profile.followers,
        engagement=engagement,
        cadence=cadence,
        formats=formats,
        content=content,
        video=measure_video(profile),
        reachability=reachability,
        maturity=measure_maturity(profile, now=now),
        fake_followers=measure_fake_followers(profile, engagement),
        gaps=(
            *find_engagement_gaps(engagement),
            *find_content_gaps(cadence, content),
            *find_conversion_gaps(profile, reachability),
            *find_platform_gaps(profile, formats),
        ),
        as_of=now.astimezone(UTC).date().isoformat(),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value
