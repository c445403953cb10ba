from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from oslira_analysis.domain.results.changes import Change, ResultSummary, what_changed

MAY, JUNE = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
Summary = Callable[..., ResultSummary]


@pytest.fixture
def summary() -> Summary:
    def make(
        at: datetime, *, score: int = 70, flags: dict[str, str] | None = None, **facts: Any
    ) -> ResultSummary:
        metric = {"value": 0.5, "reason": None}
        known = dict.fromkeys(
            (
                "engagement_rate", "engagement_versus_typical", "consistency", "comment_to_like",
                "posts_per_week", "days_since_last_post", "fake_follower_risk",
            ),
            metric,
        )  # fmt: skip
        result = {
            "type": "light",
            "score": score,
            "parts": {"fit": {"score": score, "weight": 100}},
            "red_flags": [{"quote": quote, "claim": claim} for quote, claim in (flags or {}).items()],
            "facts": {"followers": 5_000, "channels": ["email"], "gaps": ["no_reels"], **known, **facts},
        }
        return ResultSummary.of(result, analysed_at=at)

    return make


def test_the_same_again_changes_nothing(summary: Summary) -> None:
    changes = what_changed(summary(MAY), summary(JUNE))
    assert changes.is_empty
    assert changes.to_json() == {
        "since": "2026-05-01T00:00:00+00:00", "score": None, "parts": {}, "followers": None, "figures": {},
        "channels_gained": [], "channels_lost": [], "gaps_opened": [], "gaps_closed": [], "new_red_flags": [],
    }  # fmt: skip


def test_only_differences_are_reported(summary: Summary) -> None:
    before = summary(MAY, flags={"closing soon": "They close."})
    after = summary(
        JUNE,
        score=76,
        flags={"closing soon": "They shut down.", "no ads please": "They want no ads."},
        followers=5_500,
        channels=["website"],
        gaps=["inactive"],
        posts_per_week={"value": None, "reason": "thin"},
    )
    changes = what_changed(before, after)
    assert not changes.is_empty
    assert changes.score == Change(70, 76)
    assert changes.to_json() == {
        "since": "2026-05-01T00:00:00+00:00",
        "score": {"before": 70, "after": 76, "delta": 6},
        "parts": {"fit": {"before": 70, "after": 76, "delta": 6}},
        "followers": {"before": 5_000, "after": 5_500, "delta": 500},
        "figures": {"posts_per_week": {"before": 0.5, "after": None, "delta": None}},
        "channels_gained": ["website"],
        "channels_lost": ["email"],
        "gaps_opened": ["inactive"],
        "gaps_closed": ["no_reels"],
        "new_red_flags": ["They want no ads."],
    }


def test_json_that_is_not_a_result_is_rejected() -> None:
    with pytest.raises(KeyError):
        ResultSummary.of({"score": 1}, analysed_at=MAY)
