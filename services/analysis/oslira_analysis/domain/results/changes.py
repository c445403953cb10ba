"""The changes between two analyses of one lead, computed from their stored results."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self, cast

_FIGURES: Final = (
    "engagement_rate",
    "engagement_versus_typical",
    "consistency",
    "comment_to_like",
    "posts_per_week",
    "days_since_last_post",
    "fake_follower_risk",
)


@dataclass(frozen=True, slots=True)
class ResultSummary:
    """The fields that results of every type share, with the time of the analysis. Metrics are None if unknown."""

    type: str
    analysed_at: datetime
    score: int
    parts: dict[str, int | None]
    followers: int | None
    figures: dict[str, float | None]
    channels: tuple[str, ...]
    gaps: tuple[str, ...]
    red_flags: dict[str, str]  # quote → claim: models phrase one flag in many ways

    @classmethod
    def of(cls, result: Mapping[str, Any], *, analysed_at: datetime) -> Self:
        """From a stored result. Raises KeyError for other JSON."""
        facts = cast("Mapping[str, Any]", result["facts"])
        return cls(
            type=result["type"],
            analysed_at=analysed_at,
            score=result["score"],
            parts={name: part["score"] for name, part in result["parts"].items()},
            followers=facts["followers"],
            figures={name: facts[name]["value"] for name in _FIGURES},
            channels=tuple(facts["channels"]),
            gaps=tuple(facts["gaps"]),
            red_flags={claim["quote"]: claim["claim"] for claim in result["red_flags"]},
        )


@dataclass(frozen=True, slots=True)
class Change:
    """A number that differs. `delta` is None if one side is unknown."""

    before: float | None
    after: float | None

    @property
    def delta(self) -> float | None:
        if self.before is None or self.after is None:
            return None
        return round(self.after - self.before, 6)

    def to_json(self) -> dict[str, float | None]:
        return {"before": self.before, "after": self.after, "delta": self.delta}


@dataclass(frozen=True, slots=True)
class Changes:
    """Only the differences: numbers by name, and added or removed items. `is_empty`: there are none.

    `new_red_flags` are claims whose quote was not a red flag before.
    """

    since: datetime
    score: Change | None
    parts: dict[str, Change]
    followers: Change | None
    figures: dict[str, Change]
    channels_gained: tuple[str, ...]
    channels_lost: tuple[str, ...]
    gaps_opened: tuple[str, ...]
    gaps_closed: tuple[str, ...]
    new_red_flags: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        numbers = (self.score, self.parts, self.followers, self.figures)
        names = (
            self.channels_gained,
            self.channels_lost,
            self.gaps_opened,
            self.gaps_closed,
            self.new_red_flags,
        )
        return not any(numbers) and not any(names)

    def to_json(self) -> dict[str, Any]:
        return {
            "since": self.since.isoformat(),
            "score": self.score and self.score.to_json(),
            "parts": {name: change.to_json() for name, change in self.parts.items()},
            "followers": self.followers and self.followers.to_json(),
            "figures": {name: change.to_json() for name, change in self.figures.items()},
            "channels_gained": list(self.channels_gained),
            "channels_lost": list(self.channels_lost),
            "gaps_opened": list(self.gaps_opened),
            "gaps_closed": list(self.gaps_closed),
            "new_red_flags": list(self.new_red_flags),
        }


def what_changed(previous: ResultSummary, current: ResultSummary) -> Changes:
    """Two results of any types, of the same profile for the same business."""
    return Changes(
        since=previous.analysed_at,
        score=_change(previous.score, current.score),
        parts=_by_name(previous.parts, current.parts),
        followers=_change(previous.followers, current.followers),
        figures=_by_name(previous.figures, current.figures),
        channels_gained=_missing(current.channels, previous.channels),
        channels_lost=_missing(previous.channels, current.channels),
        gaps_opened=_missing(current.gaps, previous.gaps),
        gaps_closed=_missing(previous.gaps, current.gaps),
        new_red_flags=tuple(
            claim for quote, claim in current.red_flags.items() if quote not in previous.red_flags
        ),
    )


def _change(before: float | None, after: float | None) -> Change | None:
    return None if before == after else Change(before, after)


def _by_name(before: Mapping[str, float | None], after: Mapping[str, float | None]) -> dict[str, Change]:
    changes = {name: _change(before.get(name), after.get(name)) for name in {**before, **after}}
    return {name: change for name, change in changes.items() if change is not None}


def _missing(names: Iterable[str], among: Iterable[str]) -> tuple[str, ...]:
    there = set(among)
    return tuple(name for name in names if name not in there)
