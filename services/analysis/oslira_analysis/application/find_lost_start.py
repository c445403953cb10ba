"""The actor's runs that a start whose answer was lost may have been about."""

from datetime import timedelta
from typing import Final

from oslira_analysis.application.ports import Scraper, Scrapes
from oslira_analysis.application.rows import ScrapeWork

# The actor's runs are listed from a little before the intent: two clocks never agree.
_CLOCK_SLACK: Final = timedelta(seconds=60)


async def find_lost_starts(work: ScrapeWork, scrapes: Scrapes, scraper: Scraper) -> list[str]:
    """Those for this profile that no scrape has recorded, newest first. Raises ScraperBusy.

    Only what nobody recorded is looked into: one request each, since the list doesn't say what a run was started for.
    """
    if work.scrape.intent_at is None:
        return []
    # By Postgres's clock. This process's may be minutes off, and a start that is not found is made again.
    started = await scraper.list_started(since=work.scrape.intent_at - _CLOCK_SLACK)
    taken = await scrapes.recorded([one.actor_run_id for one in started])
    return [
        one.actor_run_id
        for one in started
        if one.actor_run_id not in taken and await scraper.names_of(one) == [work.scrape.username]
    ]
