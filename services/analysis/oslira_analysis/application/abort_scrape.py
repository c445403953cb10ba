"""Abort a scrape that no run needs any more. Its slot is released when the actor's run is known to have ended."""

from dataclasses import replace

import structlog

from oslira_analysis.application.find_lost_start import find_lost_starts
from oslira_analysis.application.ports import ActorEnd, Pause, ScrapeEnd, ScraperBusy
from oslira_analysis.application.rows import ScrapeWork
from oslira_analysis.application.scrape_ports import ScrapePorts
from oslira_analysis.domain.snooze import snooze_s
from oslira_analysis.metrics import NANO, SCRAPE_COST_USD

_LOG = structlog.get_logger()
_CHECK_AGAIN_S = 1.0


async def abort_scrape(work: ScrapeWork, ports: ScrapePorts) -> None:
    """Returns with the scrape ended, or postponed: a start whose answer was lost may still appear."""
    scrape = work.scrape
    left_s = ports.limits.slot_limit_s - scrape.age_s
    end = ActorEnd(has_succeeded=False, cost_nano_usd=0)
    try:
        actor_run_id = scrape.actor_run_id or await _find(work, ports)
        if actor_run_id is None and scrape.age_s < ports.limits.start_known_after_s:
            await ports.scrapes.postpone(work, delay_s=_CHECK_AGAIN_S)
            return
        if actor_run_id is not None:
            end = await ports.scraper.abort(actor_run_id, at_most_s=max(_CHECK_AGAIN_S, left_s))
            SCRAPE_COST_USD.inc(end.cost_nano_usd * NANO)
    except ScraperBusy as error:
        _LOG.warning("scraper_busy", scrape_id=str(scrape.scrape_id), reason=str(error))
        if left_s > 0:
            delay_s = snooze_s(scrape.snoozed_for_s, retry_after_s=error.retry_after_s, chance=ports.chance)
            await ports.scrapes.pause(work, Pause(min(delay_s, left_s), is_snooze=True, holds_slot=True))
            return
        end = replace(end, is_over=False)
    if (
        not end.is_over
    ):  # past its own time limit it cannot be running: the slot is free, its last cost is unknown
        _LOG.error("actor_end_unknown", scrape_id=str(scrape.scrape_id))
    aborted = ScrapeEnd("aborted", cost_nano_usd=end.cost_nano_usd)
    await ports.after.publish_and_promote(await ports.scrapes.end(work, aborted))


async def _find(work: ScrapeWork, ports: ScrapePorts) -> str | None:
    """The oldest start that no scrape has recorded: a newer one may belong to the profile's next scrape."""
    found = await find_lost_starts(work, ports.scrapes, ports.scraper)
    return found[-1] if found else None
