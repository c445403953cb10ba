"""A score made of named parts: a weighted sum in whole numbers, computed here and never by a model."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

FULL = 100
# An unknown part counts as a poor one in the total. If its weight went to the others, a profile
# that hides its likes would score above one that shows poor ones.
UNKNOWN_SCORE = 10


class Part(BaseModel):
    """One part of a score. `score` is 0 to 100, or None with the `reason` why it is unknown.

    `weight` is its share of the total in percent; the weights of a score's parts sum to 100. An unknown part counts as 10.
    """

    model_config = ConfigDict(frozen=True)

    score: int | None
    weight: int
    reason: str | None = None


def clamp(value: float) -> int:
    """Rounded and clamped to 0 to 100."""
    return round(min(max(value, 0.0), float(FULL)))


def weighted_total(parts: Mapping[str, Part]) -> int:
    """0 to 100, for parts whose weights sum to 100."""
    scores = ((part.weight, UNKNOWN_SCORE if part.score is None else part.score) for part in parts.values())
    return clamp(sum(weight * score for weight, score in scores) / FULL)
