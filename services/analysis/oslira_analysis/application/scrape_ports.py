"""The ports and limits of a scrape."""

from dataclasses import dataclass
from typing import Final

from oslira_analysis.application.after_commit import AfterCommit
from oslira_analysis.application.memory_cache import MemoryCache
from oslira_analysis.application.ports import Avatars, ProfileCache, Scraper, Scrapes, Suppressions
from oslira_analysis.domain.snooze import Chance

# Starts of the actor for one scrape, over all attempts: each costs money. The daily cost limit reserves for them.
MOST_STARTS: Final = 5
# A profile on which the actor hangs holds a slot for minutes, so it is retried only once.
MOST_OVERRUNS: Final = 1


@dataclass(frozen=True, slots=True)
class ScrapeLimits:
    """`start_known_after_s`: the start request's own time limit and some slack; only then is it certain that nothing started.

    `actor_limit_s` is the actor's time limit. `used_up_wait_s`: how long to wait for an operator to raise a limit.
    """

    start_known_after_s: float
    actor_limit_s: float
    used_up_wait_s: float

    @property
    def overdue_after_s(self) -> float:
        """Apify ends a run at about its time limit. A run that is still active after this is aborted."""
        return self.actor_limit_s + min(15.0, self.actor_limit_s / 4)

    @property
    def slot_limit_s(self) -> float:
        """Counted from the intent. After this no actor's run can be active."""
        return self.actor_limit_s + 60.0


@dataclass(frozen=True, slots=True)
class ScrapePorts:
    """The ports of a scrape."""

    scrapes: Scrapes
    scraper: Scraper
    cache: ProfileCache
    suppressions: Suppressions
    memory_cache: MemoryCache
    avatars: Avatars
    after: AfterCommit
    limits: ScrapeLimits
    chance: Chance
