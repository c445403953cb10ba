"""A score made of named parts: a weighted sum in whole numbers, computed here and never by a model."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

FULL = 100


class Part(BaseModel):
    """One part of a score. `score` is 0 to 100, or None with the `reason` why it can't be known.

    `weight` is its share of the total in percent; the weights of a score's known parts sum to 100.
    """

    model_config = ConfigDict(frozen=True)

    score: int | None
    weight: int
    reason: str | None = None


def clamp(value: float) -> int:
    """Rounded, and within 0 to 100."""
    return round(min(max(value, 0.0), float(FULL)))


def share_weights(parts: Mapping[str, Part]) -> dict[str, Part]:
    """The same parts with the weight of the unknown ones spread over the known, in proportion.

    Weights stay whole and sum to 100: the heaviest part takes what rounding leaves. With no part known, all weigh 0.
    """
    known = {name: part for name, part in parts.items() if part.score is not None}
    total = sum(part.weight for part in known.values())
    weights = {name: part.weight * FULL // total for name, part in known.items()}
    if weights:
        heaviest = max(weights, key=lambda name: weights[name])
        weights[heaviest] += FULL - sum(weights.values())
    return {name: part.model_copy(update={"weight": weights.get(name, 0)}) for name, part in parts.items()}


def weighted_total(parts: Mapping[str, Part]) -> int:
    """0 to 100, for parts whose weights were shared."""
    return clamp(sum(part.weight * part.score for part in parts.values() if part.score is not None) / FULL)
