"""How long a simulated scrape or model call takes: seeded draws, each recorded for the tests to read."""

import math
import random
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

_KEPT_DRAWS = 100_000
_KEPT_KEYS = 50_000


class Distribution(Protocol):
    def sample_s(self, source: random.Random) -> float:
        """Seconds, positive."""
        ...


@dataclass(frozen=True, slots=True)
class Uniform:
    low_s: float
    high_s: float

    def sample_s(self, source: random.Random) -> float:
        return source.uniform(self.low_s, self.high_s)

    def __str__(self) -> str:
        return f"uniform:{self.low_s:g}:{self.high_s:g}"


@dataclass(frozen=True, slots=True)
class LogNormal:
    """The long-tailed distribution of real providers."""

    median_s: float
    sigma: float

    def sample_s(self, source: random.Random) -> float:
        return source.lognormvariate(math.log(self.median_s), self.sigma)

    def __str__(self) -> str:
        return f"lognormal:{self.median_s:g}:{self.sigma:g}"


def parse_distribution(text: str) -> Distribution:
    """`uniform:6:12`, `lognormal:8:0.4` (median, sigma) or `fixed:3`; seconds. Raises ValueError."""
    name, *numbers = text.split(":")
    match name, [float(number) for number in numbers]:
        case "uniform", [low_s, high_s] if 0 <= low_s <= high_s:
            return Uniform(low_s, high_s)
        case "lognormal", [median_s, sigma] if median_s > 0 and sigma >= 0:
            return LogNormal(median_s, sigma)
        case "fixed", [fixed_s] if fixed_s >= 0:
            return Uniform(fixed_s, fixed_s)
        case _:
            raise ValueError(
                f"not a latency: {text!r}; say uniform:LOW:HIGH, lognormal:MEDIAN:SIGMA or fixed:S"
            )


@dataclass(frozen=True, slots=True)
class Draw:
    """One latency: `duration_s` is `drawn_s` divided by the speed then in force; `at_s` is Unix time."""

    number: int
    kind: str
    username: str
    label: str
    at_s: float
    drawn_s: float
    duration_s: float


class Latencies:
    """Draws don't depend on arrival order: the n-th draw for a key is the same in every run with that seed."""

    def __init__(self, *, distributions: Mapping[str, Distribution], speed: float, seed: int) -> None:
        self._first = (dict(distributions), speed, seed)
        self.restore()
        self._draws: deque[Draw] = deque(maxlen=_KEPT_DRAWS)
        self._seen: Counter[str] = Counter()
        self._number = 0

    def restore(self) -> None:
        """Reset to the initial settings."""
        distributions, self.speed, self.seed = self._first
        self.distributions = dict(distributions)

    def draw(self, kind: str, *, username: str, label: str) -> Draw:
        """`label` names the actor or `<model>/<schema>`; the distribution is the one for kind:label, or the kind's."""
        key = f"{kind}/{username}/{label}"
        if len(self._seen) >= _KEPT_KEYS:
            self._seen.clear()
        self._seen[key] += 1
        model = label.split("/", 1)[0]
        distribution = self.distributions.get(f"{kind}:{model}", self.distributions[kind])
        drawn_s = distribution.sample_s(random.Random(f"{self.seed}/{key}/{self._seen[key]}"))
        self._number += 1
        drawn = Draw(self._number, kind, username, label, time.time(), drawn_s, drawn_s / self.speed)
        self._draws.append(drawn)
        return drawn

    def draws(self) -> list[dict[str, Any]]:
        return [asdict(draw) for draw in self._draws]

    def clear(self) -> None:
        self._draws.clear()
        self._seen.clear()
        self._number = 0
