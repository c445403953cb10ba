"""Admit a new run. With a fresh profile in the cache it is a scoring task, otherwise it joins or creates a scrape."""

from datetime import timedelta

from oslira_analysis.application.after_commit import AfterCommit
from oslira_analysis.application.ports import ProfileCache, Runs
from oslira_analysis.application.rows import RunWork
from oslira_analysis.domain.results.business_draft import DRAFT_TYPE
from oslira_analysis.metrics import PROFILE_LOOKUPS


async def admit_run(work: RunWork, runs: Runs, cache: ProfileCache, after: AfterCommit) -> None:
    """A crash anywhere leaves the run queued; its lease expires and the sweep publishes its hint again."""
    run = work.run
    cached = None
    if run.type == DRAFT_TYPE:  # there is no profile to fetch
        await after.publish_and_promote(await runs.wait_for_score(work))
        return
    if not run.is_cache_bypassed:
        cached = await cache.find(run.username, max_age=timedelta(seconds=run.max_age_s))
    PROFILE_LOOKUPS.labels("bypassed" if run.is_cache_bypassed else "hit" if cached else "miss").inc()
    effects = await (runs.wait_for_score(work) if cached is not None else runs.join_scrape(work))
    await after.publish_and_promote(effects)
