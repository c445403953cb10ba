"""One scrape: intent, start once, wait, check, cache, and let everybody who waited for it go on.

A start costs money and can't be made idempotent. So the intent is committed first; an attempt that finds an intent without an
actor run looks for the run that the lost answer was about, and adopts it.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import structlog

from oslira_analysis.application.at_hand import AtHand
from oslira_analysis.application.erased import ERASED
from oslira_analysis.application.find_lost_start import find_lost_starts
from oslira_analysis.application.keep_profile import keep_profile
from oslira_analysis.application.ports import (
    ActorEnd,
    Announcer,
    Avatars,
    ProfileCache,
    Queue,
    ScrapeEnd,
    Scraper,
    ScraperBusy,
    Scrapes,
    StartUnknown,
    Suppressions,
)
from oslira_analysis.application.promote_tasks import announce_and_promote, promote_tasks
from oslira_analysis.application.rows import Ending, ScrapeWork
from oslira_analysis.domain.free_checks import explain_unusable, refuse_unavailable
from oslira_analysis.domain.item_identity import without_posts_of
from oslira_analysis.domain.judge_items import Judged, ScrapeUnusable, judge_items
from oslira_analysis.domain.read_item import ProfileUnavailable
from oslira_analysis.metrics import NANO, SCRAPE_ATTEMPTS, SCRAPE_COST_USD

_LOG = structlog.get_logger()
_LOOK_AGAIN_S: Final = 1.0
_OVERTIME_S: Final = 60.0
_NO_RUN: Final = ActorEnd(has_succeeded=False, cost_nano_usd=0)


@dataclass(frozen=True, slots=True)
class ScrapeLimits:
    """`start_known_after_s`: the start request's own time limit and some slack; only then is "never started" sure.

    `actor_limit_s` is the actor's time limit; 60 s after it the slot is given up.
    """

    start_known_after_s: float
    actor_limit_s: float


@dataclass(frozen=True, slots=True)
class ScrapePorts:
    """What a scrape needs."""

    queue: Queue
    scrapes: Scrapes
    scraper: Scraper
    cache: ProfileCache
    suppressions: Suppressions
    at_hand: AtHand
    avatars: Avatars
    announcer: Announcer
    limits: ScrapeLimits


async def run_scrape(work: ScrapeWork, ports: ScrapePorts) -> None:
    """Returns with the scrape ended, or handed back for another attempt. Being cancelled leaves it to its lease."""
    try:
        started = await _started(work, ports)
    except ScraperBusy as error:
        SCRAPE_ATTEMPTS.labels("busy").inc()
        _LOG.warning("scraper_busy", scrape_id=str(work.scrape.scrape_id), reason=str(error))
        await ports.scrapes.hand_back(work, is_counted=True)
        return
    if started is None:
        return
    try:
        end = await _wait(started, ports)
    except ScraperBusy as error:
        SCRAPE_ATTEMPTS.labels("busy").inc()
        _LOG.warning("scraper_busy", scrape_id=str(work.scrape.scrape_id), reason=str(error))
        await ports.scrapes.hand_back(started, is_counted=True)
        return
    await _finish(started, end, ports)


async def _wait(work: ScrapeWork, ports: ScrapePorts) -> ActorEnd:
    """The slot counts until the actor's run is known to have ended, at most until its own limit and a minute."""
    left_s = ports.limits.actor_limit_s + _OVERTIME_S - work.scrape.age_s
    try:
        async with asyncio.timeout(max(_LOOK_AGAIN_S, left_s)):
            return await ports.scraper.wait(str(work.scrape.actor_run_id))
    except TimeoutError:
        _LOG.error("actor_overdue", scrape_id=str(work.scrape.scrape_id))
        return _NO_RUN


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
        await ports.scrapes.hand_back(work, is_counted=False, delay_s=_LOOK_AGAIN_S)
        return None
    return await _start(work, ports)  # it never started: a new intent


async def _start(work: ScrapeWork, ports: ScrapePorts) -> ScrapeWork | None:
    if not await ports.scrapes.write_intent(work):
        return None
    try:
        actor_run_id = await ports.scraper.start(work.scrape.username)
    except StartUnknown:
        SCRAPE_ATTEMPTS.labels("unknown").inc()
        await ports.scrapes.hand_back(work, is_counted=False, delay_s=_LOOK_AGAIN_S)
        return None
    except ScraperBusy:
        # It surely did not start, so there is nothing to adopt.
        SCRAPE_ATTEMPTS.labels("busy").inc()
        await ports.scrapes.hand_back(work, is_counted=True, failed=_NO_RUN)
        return None
    return await ports.scrapes.record_start(work, actor_run_id)


async def _finish(work: ScrapeWork, end: ActorEnd, ports: ScrapePorts) -> None:
    SCRAPE_COST_USD.inc(end.cost_nano_usd * NANO)
    if not end.has_succeeded:
        SCRAPE_ATTEMPTS.labels("failed").inc()
        await _try_again(work, end, ports)
        return
    try:
        judged = await _judge(work, end, ports)
    except ProfileUnavailable as unavailable:
        refusal = refuse_unavailable(unavailable)
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
    await _hand_on(work, judged, end, ports)


async def _judge(work: ScrapeWork, end: ActorEnd, ports: ScrapePorts) -> Judged:
    username = work.scrape.username
    try:
        return judge_items(end.items, asked_for=username)
    except ScrapeUnusable as unusable:
        if unusable.reason != "another_profile":
            raise
        # It may be the same profile under a new name.
        known_id = await ports.scrapes.known_profile_id(username)
        return judge_items(end.items, asked_for=username, known_id=known_id)


async def _refuse(work: ScrapeWork, end: ActorEnd, ending: Ending, ports: ScrapePorts) -> None:
    SCRAPE_ATTEMPTS.labels("unavailable").inc()
    result = ScrapeEnd("unavailable", ending=ending, cost_nano_usd=end.cost_nano_usd)
    await announce_and_promote(await ports.scrapes.end(work, result), ports.queue, ports.announcer)


async def _try_again(
    work: ScrapeWork, end: ActorEnd, ports: ScrapePorts, *, because: str | None = None
) -> None:
    """With another run of the actor, and so another session of it at Instagram."""
    await ports.scrapes.hand_back(work, is_counted=True, failed=end, because=because)
    await promote_tasks(ports.queue, ports.announcer)


async def _hand_on(work: ScrapeWork, judged: Judged, end: ActorEnd, ports: ScrapePorts) -> None:
    """Those who waited go on while the cache takes the item; until it has, the scrape's row keeps it.

    Nothing is kept anywhere before the end is committed: a scrape that was cancelled or erased meanwhile is fenced.
    """
    scrape, scraped_at = work.scrape, end.ended_at or datetime.now(UTC)
    result = ScrapeEnd(
        "fetched",
        kept_item=judged.item,
        cost_nano_usd=end.cost_nano_usd,
        profile_id=judged.profile_id,
        scraped_at=scraped_at,
    )
    effects = await ports.scrapes.end(work, result)
    if effects.is_fenced:
        return
    ports.at_hand.keep(scrape.scrape_id, judged.item)
    keeping = asyncio.create_task(
        keep_profile(scrape.username, judged, scraped_at, ports.cache, ports.suppressions),
        name=f"cache:{scrape.scrape_id}",
    )
    await announce_and_promote(effects, ports.queue, ports.announcer)
    if await keeping:
        await ports.scrapes.drop_item(scrape.scrape_id)
    # A picture is kept under its name for longer than a visitor's run is.
    if any(row["forget_at"] is None for row in effects.runs):
        ports.avatars.copy_later(scrape.username, judged.profile.avatar_url)
