"""Put a scraped profile into the cache, so that an erasure wins at any time.

Called after the scrape's end has committed. An erasure commits its suppression first and then deletes objects, repeatedly
for some minutes. So either its suppression is seen here, before or after the put, or the put precedes its deletion:

- suppressed before the first check: nothing is put;
- suppressed between the checks: the second check sees it, and the object is deleted again;
- suppressed after the second check: the erasure's deletion comes after the put.

A process that crashes between the put and the second check leaves an object that the erasure's next pass deletes. If it hung for
longer than the erasure repeats before it crashed, the bucket's lifecycle deletes the object. No run uses it: suppressed
names are rejected before the cache is read, and a stored item's names are checked again before it is scored.
"""

from datetime import datetime

import structlog

from oslira_analysis.application.ports import ProfileCache, Suppressions
from oslira_analysis.domain.items.judge_items import Judged

_LOG = structlog.get_logger()


async def cache_profile(
    username: str, judged: Judged, scraped_at: datetime, cache: ProfileCache, suppressions: Suppressions
) -> bool:
    """Whether the scrape's row may drop the item, because the cache has it. Never raises."""
    try:
        if await suppressions.among(judged.names):
            return True  # it must not be stored anywhere
        is_kept = await cache.put(username, judged.item, scraped_at=scraped_at)
        # Also after a put that failed: one that took too long may have arrived.
        is_erased = bool(await suppressions.among(judged.names))
    except Exception as error:  # noqa: BLE001  # the suppression is unknown; the row keeps the item instead
        _LOG.warning("profile_not_cached", reason=type(error).__name__)
        await cache.delete(username)
        return False
    if is_erased:
        await cache.delete(username)
    return is_kept or is_erased
