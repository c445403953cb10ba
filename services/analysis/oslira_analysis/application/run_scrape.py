"""One scrape: intent, start once, wait, check, cache, and let everybody who waited for it go on.

A start costs money and can't be made idempotent. So the intent is committed first; an attempt that finds an intent without an
actor run looks for the run that the lost answer was about, and adopts it.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

import structlog

from oslira_analysis.application.at_hand import AtHand
from oslira_analysis.application.find_lost_start import find_lost_starts
from oslira_analysis.application.ports import (
    ActorEnd,
    Announcer,
    Avatars,
    Item,
    ProfileCache,
    Queue,
    ScrapeEnd,
    Scraper,
    ScraperBusy,
    Scrapes,
    StartUnknown,
)
from oslira_analysis.application.promote_tasks import announce_and_promote, promote_tasks
from oslira_analysis.application.rows import Effects, Ending, ScrapeWork
from oslira_analysis.domain.free_checks import refuse_unavailable
from oslira_analysis.domain.read_item import MalformedItem, ProfileUnavailable, read_item
from oslira_analysis.metrics import NANO, SCRAPE_ATTEMPTS, SCRAPE_COST_USD

_LOG = structlog.get_logger()
_LOOK_AGAIN_S: Final = 1.0
_OVERTIME_S: Final = 60.0
_NO_RUN: Final = ActorEnd(has_succeeded=False, item=None, cost_nano_usd=0)


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
    if not end.has_succeeded or end.item is None:
        SCRAPE_ATTEMPTS.labels("failed").inc()
        await _try_again(work, end, ports)
        return
    try:
        avatar_url = read_item(end.item).avatar_url
    except ProfileUnavailable as unavailable:
        SCRAPE_ATTEMPTS.labels("unavailable").inc()
        refusal = refuse_unavailable(unavailable)
        ending = Ending(refusal.code, refusal.detail)
        result = ScrapeEnd("unavailable", ending=ending, cost_nano_usd=end.cost_nano_usd)
        await announce_and_promote(await ports.scrapes.end(work, result), ports.queue, ports.announcer)
    except MalformedItem as error:
        SCRAPE_ATTEMPTS.labels("malformed").inc()
        _LOG.warning("item_malformed", scrape_id=str(work.scrape.scrape_id), reason=str(error))
        await _try_again(work, end, ports)
    else:
        SCRAPE_ATTEMPTS.labels("fetched").inc()
        effects = await _hand_on(work, end.item, end.cost_nano_usd, ports)
        # A picture is kept under its name for longer than a visitor's run is.
        if any(row["forget_at"] is None for row in effects.runs):
            ports.avatars.copy_later(work.scrape.username, avatar_url)


async def _try_again(work: ScrapeWork, end: ActorEnd, ports: ScrapePorts) -> None:
    await ports.scrapes.hand_back(work, is_counted=True, failed=end)
    await promote_tasks(ports.queue, ports.announcer)


async def _hand_on(work: ScrapeWork, item: Item, cost_nano_usd: int, ports: ScrapePorts) -> Effects:
    """Those who waited go on while the cache takes the item; until it has, the scrape's row keeps it."""
    scrape = work.scrape
    ports.at_hand.keep(scrape.scrape_id, item)
    caching = asyncio.create_task(ports.cache.put(scrape.username, item), name=f"cache:{scrape.scrape_id}")
    result = ScrapeEnd("fetched", kept_item=item, cost_nano_usd=cost_nano_usd)
    effects = await ports.scrapes.end(work, result)
    await announce_and_promote(effects, ports.queue, ports.announcer)
    if await caching:
        await ports.scrapes.drop_item(scrape.scrape_id)
    return effects
