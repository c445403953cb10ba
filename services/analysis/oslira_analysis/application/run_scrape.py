"""One scrape: intent, one start, wait, check, cache, and continue every run that waits for it.

A start costs money and cannot be made idempotent. So the intent is committed first. An attempt that finds an intent without an
actor run searches for the run that the lost answer was about, and adopts it.
"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import structlog
from oslira_shared.work.claim import backoff_s

from oslira_analysis.application.cache_profile import cache_profile
from oslira_analysis.application.erased import ERASED
from oslira_analysis.application.find_lost_start import find_lost_starts
from oslira_analysis.application.ports import (
    ActorEnd,
    Pause,
    ScrapeEnd,
    ScraperBusy,
    StartRefused,
    StartUnknown,
)
from oslira_analysis.application.rows import Ending, ScrapeWork
from oslira_analysis.application.scrape_ports import MOST_OVERRUNS, MOST_STARTS, ScrapePorts
from oslira_analysis.domain.items.free_checks import explain_unusable, reject_unavailable
from oslira_analysis.domain.items.item_identity import without_posts_of
from oslira_analysis.domain.items.judge_items import Judged, ScrapeUnusable, judge_items
from oslira_analysis.domain.items.read_item import ProfileUnavailable
from oslira_analysis.domain.snooze import snooze_s
from oslira_analysis.metrics import NANO, SCRAPE_ATTEMPTS, SCRAPE_COST_USD

_LOG = structlog.get_logger()
_CHECK_AGAIN_S: Final = 1.0
_NO_RUN: Final = ActorEnd(has_succeeded=False, cost_nano_usd=0)
_FAILED: Final = Ending(
    "scrape_failed", "The profile could not be fetched, also when tried again. You were not charged."
)
_USED_UP: Final = Ending(
    "scraper_limit_reached", "Our scraping service has reached its usage limit. You were not charged."
)


async def run_scrape(work: ScrapeWork, ports: ScrapePorts) -> None:
    """Returns with the scrape ended, or postponed to another attempt. When cancelled, its lease expires."""
    try:
        started = await _started(work, ports)
    except ScraperBusy as error:
        await _snooze(work, error, ports, holds_slot=_may_be_active(work, ports))
        return
    if started is None:
        return
    try:
        end, is_overrun = await _wait(started, ports)
    except ScraperBusy as error:
        holds_slot = not error.is_run_over and _may_be_active(started, ports)
        await _snooze(started, error, ports, holds_slot=holds_slot)
        return
    await _finish(started, end, ports, is_overrun=is_overrun)


async def _wait(work: ScrapeWork, ports: ScrapePorts) -> tuple[ActorEnd, bool]:
    """The end of the actor's run, and whether it was aborted: a run that does not end costs, and holds the slot."""
    actor_run_id, limits = str(work.scrape.actor_run_id), ports.limits
    end = await ports.scraper.wait(actor_run_id, at_most_s=_left_s(work, limits.overdue_after_s))
    if end.is_over:
        return end, False
    _LOG.error("actor_overdue", scrape_id=str(work.scrape.scrape_id))
    end = await ports.scraper.abort(actor_run_id, at_most_s=_left_s(work, limits.slot_limit_s))
    if not end.is_over:
        raise ScraperBusy("the actor's run does not end")
    return end, not end.has_succeeded


def _left_s(work: ScrapeWork, limit_s: float) -> float:
    return max(_CHECK_AGAIN_S, limit_s - work.scrape.age_s)


def _may_be_active(work: ScrapeWork, ports: ScrapePorts) -> bool:
    """The slot counts until the actor's run is known to have ended, at most until its own limit and a minute."""
    return work.scrape.intent_at is not None and work.scrape.age_s < ports.limits.slot_limit_s


async def _started(work: ScrapeWork, ports: ScrapePorts) -> ScrapeWork | None:
    scrape = work.scrape
    if scrape.actor_run_id is not None:
        return work
    if scrape.intent_at is None:
        return await _start(work, ports)
    for actor_run_id in await find_lost_starts(work, ports.scrapes, ports.scraper):
        if (adopted := await ports.scrapes.record_start(work, actor_run_id)) is not None:
            _LOG.info("actor_run_adopted", scrape_id=str(scrape.scrape_id))
            return adopted
    if scrape.age_s < ports.limits.start_known_after_s:
        await ports.scrapes.postpone(work, delay_s=_CHECK_AGAIN_S)
    else:  # another scrape gets the slot meanwhile; the scraper has just answered, so there is no outage to wait for
        never = StartUnknown("it never started")
        await _snooze(work, never, ports, was_started=False, delay_s=_CHECK_AGAIN_S)
    return None


async def _start(work: ScrapeWork, ports: ScrapePorts) -> ScrapeWork | None:
    if work.scrape.starts >= MOST_STARTS:  # each was lost in a crash
        await _fail(work, _NO_RUN, ports, because=None)
        return None
    intended = await ports.scrapes.write_intent(work)
    if intended is None:
        return None
    try:
        actor_run_id = await ports.scraper.start(intended.scrape.username)
    except StartUnknown as error:
        await _snooze(intended, error, ports, holds_slot=True, delay_s=_CHECK_AGAIN_S)
        return None
    except ScraperBusy as error:
        await _snooze(intended, error, ports, was_started=False)
        return None
    except StartRefused as error:
        SCRAPE_ATTEMPTS.labels("refused").inc()
        _LOG.error("actor_start_refused", scrape_id=str(work.scrape.scrape_id), reason=str(error))
        await _try_again(intended, _NO_RUN, ports, was_started=False)
        return None
    return await ports.scrapes.record_start(intended, actor_run_id)


async def _snooze(  # what is known of the actor's run depends on the step
    work: ScrapeWork,
    error: ScraperBusy,
    ports: ScrapePorts,
    *,
    holds_slot: bool = False,
    was_started: bool = True,
    delay_s: float | None = None,
) -> None:
    """A failure of the scraper is not a failure of the scrape: it waits, without a slot unless an actor's run may be active."""
    scrape = work.scrape
    SCRAPE_ATTEMPTS.labels("unknown" if isinstance(error, StartUnknown) else "busy").inc()
    _LOG.warning("scraper_busy", scrape_id=str(scrape.scrape_id), trouble=error.trouble, reason=str(error))
    is_patient = holds_slot or scrape.snoozed_for_s < ports.limits.used_up_wait_s
    if error.trouble == "used_up" and not is_patient:
        await _end(work, ScrapeEnd("failed", ending=_USED_UP), ports)
        return
    if delay_s is None:
        delay_s = snooze_s(scrape.snoozed_for_s, retry_after_s=error.retry_after_s, chance=ports.chance)
    pause = Pause(delay_s, is_snooze=True, holds_slot=holds_slot, was_started=was_started)
    await ports.after.publish_and_promote(await ports.scrapes.pause(work, pause))


async def _finish(work: ScrapeWork, end: ActorEnd, ports: ScrapePorts, *, is_overrun: bool) -> None:
    SCRAPE_COST_USD.inc(end.cost_nano_usd * NANO)
    if not end.has_succeeded:
        SCRAPE_ATTEMPTS.labels("overdue" if is_overrun else "failed").inc()
        await _try_again(work, end, ports, is_overrun=is_overrun)
        return
    try:
        judged = await _judge(work, end, ports)
    except ProfileUnavailable as unavailable:
        refusal = reject_unavailable(unavailable)
        await _refuse(work, end, Ending(refusal.code, refusal.detail), ports)
        return
    except ScrapeUnusable as unusable:
        SCRAPE_ATTEMPTS.labels(unusable.reason).inc()
        _LOG.warning("scrape_unusable", scrape_id=str(work.scrape.scrape_id), reason=unusable.reason)
        await _try_again(work, end, ports, because=explain_unusable(unusable.reason))
        return
    erased = await ports.suppressions.among(judged.names | judged.others)
    if erased & judged.names:
        await _refuse(work, end, ERASED, ports)
        return
    if erased:
        judged = replace(judged, item=without_posts_of(judged.item, erased))
    SCRAPE_ATTEMPTS.labels("fetched").inc()
    await _continue_runs(work, judged, end, ports)


async def _judge(work: ScrapeWork, end: ActorEnd, ports: ScrapePorts) -> Judged:
    username = work.scrape.username
    try:
        return judge_items(end.items, requested=username)
    except ScrapeUnusable as unusable:
        if unusable.reason != "another_profile":
            raise
        # It may be the same profile under a new name.
        known_id = await ports.scrapes.known_profile_id(username)
        return judge_items(end.items, requested=username, known_id=known_id)


async def _refuse(work: ScrapeWork, end: ActorEnd, ending: Ending, ports: ScrapePorts) -> None:
    SCRAPE_ATTEMPTS.labels("unavailable").inc()
    await _end(work, ScrapeEnd("unavailable", ending=ending, cost_nano_usd=end.cost_nano_usd), ports)


async def _try_again(  # what is known of the attempt that failed
    work: ScrapeWork,
    end: ActorEnd,
    ports: ScrapePorts,
    *,
    was_started: bool = True,
    is_overrun: bool = False,
    because: str | None = None,
) -> None:
    """A counted failure: retry with another run of the actor, and so another session at Instagram, or fail after the last.

    It waits for its next attempt without a slot. `because`: a sentence for the user, used if it was the last.
    """
    is_last = (
        work.claim.failures >= work.claim.table.max_failures
        or work.scrape.starts >= MOST_STARTS
        or (is_overrun and work.scrape.overruns >= MOST_OVERRUNS)
    )
    if is_last:
        await _fail(work, end, ports, because=because)
        return
    delay_s = backoff_s(work.claim.table, work.claim.failures)
    pause = Pause(
        delay_s,
        is_snooze=False,
        ended=end,
        was_started=was_started,
        is_overrun=is_overrun,
        because=because,
    )
    await ports.after.publish_and_promote(await ports.scrapes.pause(work, pause))


async def _fail(work: ScrapeWork, end: ActorEnd, ports: ScrapePorts, *, because: str | None) -> None:
    ending = replace(_FAILED, detail=because) if because else _FAILED
    await _end(work, ScrapeEnd("failed", ending=ending, cost_nano_usd=end.cost_nano_usd), ports)


async def _end(work: ScrapeWork, end: ScrapeEnd, ports: ScrapePorts) -> None:
    await ports.after.publish_and_promote(await ports.scrapes.end(work, end))


async def _continue_runs(work: ScrapeWork, judged: Judged, end: ActorEnd, ports: ScrapePorts) -> None:
    """Continue the waiting runs while the item is put into the cache; until it is, the scrape's row keeps it.

    Nothing is stored before the end is committed: a scrape that was cancelled or erased meanwhile is fenced.
    """
    scrape, scraped_at = work.scrape, end.ended_at or datetime.now(UTC)
    result = ScrapeEnd(
        "fetched",
        stored_item=judged.item,
        cost_nano_usd=end.cost_nano_usd,
        profile_id=judged.profile_id,
        scraped_at=scraped_at,
    )
    effects = await ports.scrapes.end(work, result)
    if effects.is_fenced:
        return
    ports.memory_cache.put(scrape.scrape_id, judged.item)
    keeping = asyncio.create_task(
        cache_profile(scrape.username, judged, scraped_at, ports.cache, ports.suppressions),
        name=f"cache:{scrape.scrape_id}",
    )
    await ports.after.publish_and_promote(effects)
    if await keeping:
        await ports.scrapes.drop_item(scrape.scrape_id)
    # A picture is stored under the profile's name for longer than an anonymous run is.
    if any(row["redact_at"] is None for row in effects.runs):
        ports.avatars.copy_later(scrape.username, judged.profile.avatar_url)
