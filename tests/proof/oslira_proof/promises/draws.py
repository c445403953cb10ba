"""What the simulated providers took, by their own records: the part of a run's time that isn't ours."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from oslira_devstack.simulated import Simulators


@dataclass(frozen=True, slots=True)
class ProviderTime:
    """Of one profile's run, in seconds: its scrapes together and the slowest of its calls. `at_s` is when its scrape began."""

    username: str
    at_s: float
    scrape_s: float
    slowest_call_s: float

    @property
    def total_s(self) -> float:
        """No run can be faster."""
        return self.scrape_s + self.slowest_call_s


async def provider_times(
    simulators: Simulators, usernames: Iterable[str], *, since_s: float = 0.0
) -> list[ProviderTime]:
    """By what was drawn since then, in the order in which they were scraped; one without a draw is left out."""
    wanted = set(usernames)
    scrapes: dict[str, tuple[float, float]] = {}
    calls: dict[str, float] = {}
    for draw in (await simulators.draws())["draws"]:
        name = draw["username"]
        if name not in wanted or draw["at_s"] < since_s:
            continue
        if draw["kind"] == "scrape":
            at_s, before_s = scrapes.get(name, (draw["at_s"], 0.0))
            scrapes[name] = (at_s, before_s + draw["duration_s"])
        else:
            calls[name] = max(calls.get(name, 0.0), draw["duration_s"])
    names = sorted(wanted & (scrapes.keys() | calls.keys()), key=lambda name: scrapes.get(name, (0.0, 0.0)))
    return [ProviderTime(name, *scrapes.get(name, (0.0, 0.0)), calls.get(name, 0.0)) for name in names]


def best_possible_s(times: Sequence[ProviderTime], *, slots: int) -> float:
    """Scrapes given out in this order to whichever slot is free first, each followed by its calls at once."""
    free_at_s = [0.0] * slots
    ends_at_s = 0.0
    for one in times:
        scraped_at_s = heapq.heappop(free_at_s) + one.scrape_s
        heapq.heappush(free_at_s, scraped_at_s)
        ends_at_s = max(ends_at_s, scraped_at_s + one.slowest_call_s)
    return ends_at_s


def batches_s(times: Sequence[ProviderTime], *, size: int) -> float:
    """Batch after batch, each as slow as its slowest profile: what this system replaced."""
    return sum(
        max(one.total_s for one in times[start : start + size]) for start in range(0, len(times), size)
    )
