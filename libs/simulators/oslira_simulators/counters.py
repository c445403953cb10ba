"""Counts the requests to each provider, for tests."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

_KEPT_NAMES = 100_000
_OTHERS = "(others)"


class NameCounts:
    """Counts by one or two names; names beyond the limit are counted together, so memory stays bounded."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = {}
        self._names = 0

    def add(self, name: str, inner: str = "", amount: int = 1) -> None:
        counts = self._counts.get(name)
        if counts is None or inner not in counts:
            if self._names >= _KEPT_NAMES:
                name, inner = _OTHERS, ""
            self._names += 1
            counts = self._counts.setdefault(name, Counter())
        counts[inner] += amount

    def flat(self) -> dict[str, int]:
        return {name: counts.total() for name, counts in self._counts.items()}

    def nested(self) -> dict[str, dict[str, int]]:
        return {name: dict(counts) for name, counts in self._counts.items()}


class Gauge:
    """How many run now, and the maximum so far."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0

    @contextmanager
    def hold(self) -> Generator[None]:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            yield
        finally:
            self.now -= 1


class ModelCounters:
    """`calls` counts requests that reached the model; `abandoned` those whose caller left before the answer."""

    def __init__(self, running: Gauge) -> None:
        self.calls = 0
        self.abandoned = 0
        self.by_model = NameCounts()
        self.by_username = NameCounts()
        self.tokens: Counter[str] = Counter()
        self.running = running

    def as_json(self) -> dict[str, Any]:
        return {
            "calls": self.calls,
            "abandoned": self.abandoned,
            "by_model_and_schema": self.by_model.nested(),
            "by_username_and_schema": self.by_username.nested(),
            "tokens": dict(self.tokens),
            "running": self.running.now,
            "max_running": self.running.most,
        }


class Counters:
    """Gauges outlive a reset: a call in flight still leaves the one it entered."""

    def __init__(self) -> None:
        self._gauges = {"openai": Gauge(), "anthropic": Gauge()}
        self.reset()

    def reset(self) -> None:
        for gauge in self._gauges.values():
            gauge.most = gauge.now
        self.apify_starts = NameCounts()
        self.apify_aborts = NameCounts()
        self.apify_max_running = 0
        self.models = {name: ModelCounters(gauge) for name, gauge in self._gauges.items()}
        self.requests = NameCounts()
        self.faults = NameCounts()
