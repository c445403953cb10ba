"""Find the actor's runs that a start with a lost answer may have created."""

from datetime import timedelta
from typing import Final

from oslira_analysis.application.ports import Scraper, Scrapes
from oslira_analysis.application.rows import ScrapeWork

# The actor's runs are listed from shortly before the intent, because clocks differ.
_CLOCK_SLACK: Final = timedelta(seconds=60)


async def find_lost_starts(work: ScrapeWork, scrapes: Scrapes, scraper: Scraper) -> list[str]:
    """Runs for this profile that no scrape has recorded, newest first. Raises ScraperBusy.

    Only unrecorded runs are read: one request each, because the list does not contain a run's input.
    """
    if work.scrape.intent_at is None:
        return []
    # By Postgres's clock. This process's may be minutes off, and a start that is not found is repeated.
    started = await scraper.list_started(since=work.scrape.intent_at - _CLOCK_SLACK)
    taken = await scrapes.recorded([one.actor_run_id for one in started])
    return [
        one.actor_run_id
        for one in started
        if one.actor_run_id not in taken and await scraper.names_of(one) == [work.scrape.username]
    ]
