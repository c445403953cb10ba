"""What the engine needs of the world, in its own words."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from oslira_shared.work import Claim

from oslira_analysis.application.rows import (
    Business,
    Draft,
    Effects,
    Ending,
    Finding,
    Hint,
    Run,
    RunWork,
    ScrapeWork,
)
from oslira_analysis.application.supplier_trouble import SupplierUnavailable

Item = dict[str, Any]


class Runs(Protocol):
    """Runs at work. Every change is a compare-and-set; empty effects mean that somebody else was first."""

    async def claim(self, run_id: UUID) -> RunWork | None: ...
    async def release(self, held: Claim) -> None:
        """Give work back at shutdown: no failure, and another process may take it at once."""
        ...

    async def wait_for_score(self, work: RunWork) -> Effects:
        """The profile is at hand: the run waits for a scoring slot."""
        ...

    async def join_scrape(self, work: RunWork) -> Effects:
        """Wait for the scrape of the username, creating it if nobody has; if it has just ended, wait for a scoring slot."""
        ...

    async def requeue(self, work: RunWork) -> Effects:
        """The cache lost what admit had seen: start over, and scrape this time. Counted in the run's `requeues`."""
        ...

    async def snooze(self, work: RunWork, *, delay_s: float) -> Effects:
        """No model can be asked now: wait for a scoring slot again, after `delay_s`. No failure is counted."""
        ...

    async def business(self, run: Run) -> Business | None:
        """The version that the run was first scored for, the newest when it never was; None: deleted, or not the account's."""
        ...

    async def kept_item(self, scrape_id: UUID) -> Item | None:
        """The scraped item, where the cache has not taken it."""
        ...


class Endings(Protocol):
    """How runs end: the row, its lead, its analysis, all in one transaction."""

    async def complete(self, work: RunWork, finding: Finding) -> Effects: ...
    async def complete_draft(self, work: RunWork, draft: Draft) -> Effects: ...
    async def fail(self, work: RunWork, ending: Ending) -> Effects: ...


@dataclass(frozen=True, slots=True)
class Promoted:
    """What can begin now, and all runs that moved on with it."""

    hints: list[Hint]
    run_ids: list[UUID]


class Queue(Protocol):
    """Slots and what waits for them."""

    async def promote(self) -> "Promoted":
        """Give free slots to waiting tasks."""
        ...

    async def changed(self, run_ids: Sequence[UUID]) -> Effects:
        """These runs as they are now, to be told."""
        ...

    async def due(self, waiting_since: Mapping[str, datetime]) -> Effects:
        """Everything that should have moved and has not; what has used up its attempts ends failed here.

        Rows whose hint still waits are left out: `waiting_since` as Backlog tells it.
        """
        ...


class Backlog(Protocol):
    """Hints that nobody has taken yet."""

    async def waiting_since(self) -> Mapping[str, datetime]:
        """By state of the rows, when the oldest of them was sent; states of which none waits are left out."""
        ...


class Settlements(Protocol):
    """What credits asks and tells."""

    async def outcome(self, hold_id: UUID) -> tuple[str, int]:
        """(state, price) of the run. An unknown id is closed for good by asking: ("closed", 0)."""
        ...

    async def mark_settled(self, run_id: UUID) -> Effects:
        """Take the charge from the ledger's view; nothing if it isn't settled there, or is marked already."""
        ...


class Scrapes(Protocol):
    """The scrapes' rows."""

    async def claim(self, scrape_id: UUID) -> ScrapeWork | None: ...
    async def postpone(self, work: ScrapeWork, *, delay_s: float) -> None:
        """Look again in a moment; the slot stays taken, and no failure is counted."""
        ...

    async def put_off(self, work: ScrapeWork, pause: "Pause") -> Effects:
        """Another attempt later. What was booked of it so far stays booked."""
        ...

    async def release(self, held: Claim) -> None:
        """As for runs; the next attempt re-attaches to the actor's run."""
        ...

    async def write_intent(self, work: ScrapeWork) -> ScrapeWork | None:
        """Before the actor is started: from here on the start counts. None: the claim is gone."""
        ...

    async def record_start(self, work: ScrapeWork, actor_run_id: str) -> ScrapeWork | None:
        """The actor's run is known. None: the claim is gone, or another scrape has that run."""
        ...

    async def recorded(self, actor_run_ids: Sequence[str]) -> set[str]:
        """Those of the actor's runs that some scrape has already."""
        ...

    async def known_profile_id(self, username: str) -> str | None:
        """The id of the profile that was last fetched under this name."""
        ...

    async def end(self, work: ScrapeWork, end: "ScrapeEnd") -> Effects:
        """Ended; every run that waited for it goes on to scoring, or ends with the same reason. May be fenced."""
        ...

    async def drop_item(self, scrape_id: UUID) -> None:
        """The cache has it now."""
        ...


@dataclass(frozen=True, slots=True)
class Pause:
    """Why a scrape is put off for `delay_s`, and what of its actor's run is settled.

    `is_snooze`: the scraper can't serve it now, which counts no failure. `holds_slot`: an actor's run may be at work;
    otherwise the slot is free meanwhile, and the scrape waits for one again. `ended`: the actor's run is known to have ended
    without a profile, or (`was_started` is False) never to have started; then the next attempt starts another one. `because`:
    a sentence for the user, told if there is no next attempt.
    """

    delay_s: float
    is_snooze: bool
    holds_slot: bool = False
    ended: "ActorEnd | None" = None
    was_started: bool = True
    is_overrun: bool = False
    because: str | None = None


@dataclass(frozen=True, slots=True)
class ScrapeEnd:
    """`outcome`: fetched, unavailable, failed or aborted. `kept_item` until the cache has taken it.

    `profile_id` is Instagram's own id of what was fetched, `scraped_at` when the scraper looked.
    """

    outcome: str
    ending: Ending | None = None
    kept_item: Item | None = None
    cost_nano_usd: int = 0
    profile_id: str | None = None
    scraped_at: datetime | None = None


class ScraperBusy(SupplierUnavailable):
    """The scraper can't be reached, or is over its limit; later it may work.

    `is_run_over`: the actor's run is known to have ended, and only its items could not be read: it needs no slot.
    """

    is_run_over: bool = False


class StartUnknown(ScraperBusy):
    """The start's answer was lost: the actor may be running, or not."""


class StartRefused(Exception):  # noqa: N818
    """The scraper calls the start itself wrong, as when the actor has no build. Nothing was started."""


@dataclass(frozen=True, slots=True)
class ActorEnd:
    """A finished actor run: `items` are its first dataset items as they came, with storable texts; none if it failed.

    `ended_at` is when the scraper was done, by which its items age. `is_over` is False for a run that is still at work: then
    `cost_nano_usd` is what it has come to so far.
    """

    has_succeeded: bool
    cost_nano_usd: int
    items: tuple[Any, ...] = ()
    ended_at: datetime | None = None
    is_over: bool = True


@dataclass(frozen=True, slots=True)
class StartedRun:
    """One of the actor's runs, as its list shows it: what it was started for lies in its own store."""

    actor_run_id: str
    store_id: str


class Scraper(Protocol):
    """The scraping actor. Starting costs money and has no idempotency key, so it is asked once per intent."""

    async def start(self, username: str) -> str:
        """The actor's run id. Raises StartUnknown when the answer was lost; ScraperBusy or StartRefused: it surely did not start."""
        ...

    async def list_started(self, *, since: datetime) -> "list[StartedRun]":
        """All of the actor's runs that started in the ten minutes from `since` on; newest first. Raises ScraperBusy."""
        ...

    async def names_of(self, started: "StartedRun") -> list[str]:
        """The usernames that a run was started for. Raises ScraperBusy."""
        ...

    async def wait(self, actor_run_id: str, *, at_most_s: float) -> ActorEnd:
        """Until the run has ended, or for so long. Raises ScraperBusy."""
        ...

    async def abort(self, actor_run_id: str, *, at_most_s: float) -> ActorEnd:
        """Stop the run, and wait until it has ended. One that had ended before stays as it was. Raises ScraperBusy."""
        ...


class ProfileCache(Protocol):
    """Scraped items by username, in S3."""

    async def find(self, username: str, *, max_age: timedelta) -> Item | None:
        """The item if it is young enough. A cache that is down has nothing: None."""
        ...

    async def put(self, username: str, item: Item, *, scraped_at: datetime) -> bool:
        """Keep it, unless a newer one is kept. False: the cache could not be asked."""
        ...

    async def forget(self, username: str) -> None:
        """Never raises."""
        ...


class Suppressions(Protocol):
    """Who was erased and may not be stored again."""

    async def among(self, names: Collection[str]) -> frozenset[str]:
        """Those of `names` that were erased; ids of Instagram stand among them as `id:<number>`."""
        ...


class Avatars(Protocol):
    """Copies of profile pictures, since their links expire."""

    def copy_later(self, username: str, url: str | None) -> None:
        """Returns at once and never raises; a picture that can't be had is none."""
        ...


class Announcer(Protocol):
    """Tells the world after a commit. Never raises: what is lost here, the sweep says again."""

    async def announce(self, effects: Effects, *, is_repeat: bool = False) -> None: ...
