"""Ports of the engine."""

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
from oslira_analysis.application.supplier_failures import SupplierUnavailable

Item = dict[str, Any]


class Runs(Protocol):
    """Active runs. Every change is a compare-and-set; empty effects mean that another process was first."""

    async def claim(self, run_id: UUID) -> RunWork | None: ...
    async def release(self, held: Claim) -> None:
        """Release work at shutdown. Counts no failure; another process may claim it immediately."""
        ...

    async def wait_for_score(self, work: RunWork) -> Effects:
        """The profile is available: the run waits for a scoring slot."""
        ...

    async def join_scrape(self, work: RunWork) -> Effects:
        """Wait for the scrape of the username, creating it if there is none; if it has just ended, wait for a scoring slot."""
        ...

    async def requeue(self, work: RunWork) -> Effects:
        """The cached profile is no longer available: start over with a scrape. Counted in the run's `requeues`."""
        ...

    async def snooze(self, work: RunWork, *, delay_s: float) -> Effects:
        """No model is available: wait for a scoring slot again, after `delay_s`. Counts no failure."""
        ...

    async def business(self, run: Run) -> Business | None:
        """The version that the run was first scored for, or the newest. None: deleted, or of another account."""
        ...

    async def stored_item(self, scrape_id: UUID) -> Item | None:
        """The scraped item, if it is not in the cache yet."""
        ...


class Endings(Protocol):
    """How runs end: the row, its lead, its analysis, all in one transaction."""

    async def complete(self, work: RunWork, finding: Finding) -> Effects: ...
    async def complete_draft(self, work: RunWork, draft: Draft) -> Effects: ...
    async def fail(self, work: RunWork, ending: Ending) -> Effects: ...


@dataclass(frozen=True, slots=True)
class Promoted:
    """What can start now, and all runs that changed with it."""

    hints: list[Hint]
    run_ids: list[UUID]


class Queue(Protocol):
    """Slots and what waits for them."""

    async def promote(self) -> "Promoted":
        """Give free slots to waiting tasks."""
        ...

    async def changed(self, run_ids: Sequence[UUID]) -> Effects:
        """The current rows of these runs, to be published."""
        ...

    async def due(self, waiting_since: Mapping[str, datetime]) -> Effects:
        """All overdue rows. A row without attempts left fails here.

        Rows whose hint is still queued are excluded: `waiting_since` is what Backlog returns.
        """
        ...


class Backlog(Protocol):
    """Hints that no process has received yet."""

    async def waiting_since(self) -> Mapping[str, datetime]:
        """By state of the rows, when the oldest queued hint was sent; states without one are omitted."""
        ...


class Settlements(Protocol):
    """The settlements of holds, which credits publishes."""

    async def mark_settled(self, run_id: UUID) -> Effects:
        """Copy the charge from the ledger's view. No change if it is not settled there, or is marked already."""
        ...


class Scrapes(Protocol):
    """The scrapes' rows."""

    async def claim(self, scrape_id: UUID) -> ScrapeWork | None: ...
    async def postpone(self, work: ScrapeWork, *, delay_s: float) -> None:
        """Check again after `delay_s`. Keeps the slot and counts no failure."""
        ...

    async def pause(self, work: ScrapeWork, pause: "Pause") -> Effects:
        """Another attempt later. Its recorded cost stays."""
        ...

    async def release(self, held: Claim) -> None:
        """As for runs; the next attempt re-attaches to the actor's run."""
        ...

    async def write_intent(self, work: ScrapeWork) -> ScrapeWork | None:
        """Called before the actor is started. From here on the start counts. None: the claim is lost."""
        ...

    async def record_start(self, work: ScrapeWork, actor_run_id: str) -> ScrapeWork | None:
        """Record the actor's run. None: the claim is lost, or another scrape has that run."""
        ...

    async def recorded(self, actor_run_ids: Sequence[str]) -> set[str]:
        """Those of the actor's runs that a scrape has recorded."""
        ...

    async def known_profile_id(self, username: str) -> str | None:
        """The id of the profile that was last fetched under this name."""
        ...

    async def end(self, work: ScrapeWork, end: "ScrapeEnd") -> Effects:
        """End the scrape. Every run that waits for it moves on to scoring, or ends with the same reason. May be fenced."""
        ...

    async def drop_item(self, scrape_id: UUID) -> None:
        """Delete the item from the row, because the cache has it."""
        ...


@dataclass(frozen=True, slots=True)
class Pause:
    """Why a scrape is paused for `delay_s`, and what is known of its actor's run.

    `is_snooze`: the scraper cannot serve it now, which counts no failure. `holds_slot`: an actor's run may be active;
    otherwise the slot is released, and the scrape waits for one again. `ended`: the actor's run is known to have ended
    without a profile, or (`was_started` is False) never to have started; then the next attempt starts another one. `because`:
    a sentence for the user, used if there is no next attempt.
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
    """`outcome`: fetched, unavailable, failed or aborted. `stored_item` is stored in the row until the cache has it.

    `profile_id` is Instagram's own id of what was fetched, `scraped_at` when it was scraped.
    """

    outcome: str
    ending: Ending | None = None
    stored_item: Item | None = None
    cost_nano_usd: int = 0
    profile_id: str | None = None
    scraped_at: datetime | None = None


class ScraperBusy(SupplierUnavailable):
    """The scraper is unreachable or over its limit. A later attempt may work.

    `is_run_over`: the actor's run has ended and only its items could not be read, so it needs no slot.
    """

    is_run_over: bool = False


class StartUnknown(ScraperBusy):
    """The start's answer was lost: the actor may or may not be running."""


class StartRefused(Exception):  # noqa: N818
    """The scraper rejects the start, for example because the actor has no build. Nothing was started."""


@dataclass(frozen=True, slots=True)
class ActorEnd:
    """A finished actor run: `items` are its first dataset items, unchanged, with storable texts; empty if it failed.

    `ended_at` is when the scraper finished; the items' age counts from it. `is_over` is False for a run that is still active:
    then `cost_nano_usd` is its cost so far.
    """

    has_succeeded: bool
    cost_nano_usd: int
    items: tuple[Any, ...] = ()
    ended_at: datetime | None = None
    is_over: bool = True


@dataclass(frozen=True, slots=True)
class StartedRun:
    """One of the actor's runs, from the list of runs. Its input is in its own store."""

    actor_run_id: str
    store_id: str


class Scraper(Protocol):
    """The scraping actor. A start costs money and has no idempotency key, so it is sent once per intent."""

    async def start(self, username: str) -> str:
        """The actor's run id. Raises StartUnknown if the answer was lost; ScraperBusy or StartRefused: it did not start."""
        ...

    async def list_started(self, *, since: datetime) -> "list[StartedRun]":
        """All of the actor's runs that started within ten minutes from `since`, newest first. Raises ScraperBusy."""
        ...

    async def names_of(self, started: "StartedRun") -> list[str]:
        """The usernames that a run was started for. Raises ScraperBusy."""
        ...

    async def wait(self, actor_run_id: str, *, at_most_s: float) -> ActorEnd:
        """Wait until the run has ended, at most `at_most_s`. Raises ScraperBusy."""
        ...

    async def abort(self, actor_run_id: str, *, at_most_s: float) -> ActorEnd:
        """Stop the run, and wait until it has ended. A run that had already ended is unchanged. Raises ScraperBusy."""
        ...


class ProfileCache(Protocol):
    """Scraped items by username, in S3."""

    async def find(self, username: str, *, max_age: timedelta) -> Item | None:
        """The item if it is fresh enough. None also if the cache is unavailable."""
        ...

    async def put(self, username: str, item: Item, *, scraped_at: datetime) -> bool:
        """Store it, unless a newer one is stored. False: the cache was unavailable."""
        ...

    async def delete(self, username: str) -> None:
        """Never raises."""
        ...


class Suppressions(Protocol):
    """Erased profiles, which must not be stored again."""

    async def among(self, names: Collection[str]) -> frozenset[str]:
        """Those of `names` that were erased. Instagram ids have the form `id:<number>`."""
        ...


class Avatars(Protocol):
    """Copies of profile pictures, because their links expire."""

    def copy_later(self, username: str, url: str | None) -> None:
        """Does not block and never raises. A picture that cannot be fetched is skipped."""
        ...


class Announcer(Protocol):
    """Publishes after a commit. Never raises: the sweep publishes lost messages again."""

    async def announce(self, effects: Effects, *, is_repeat: bool = False) -> Effects:
        """Returns what the bus did not store: hints, and runs whose end is not published."""
        ...
