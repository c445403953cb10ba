"""Put a scraped profile into the cache, so that an erasure wins whenever it comes.

Called after the scrape's end has committed. The erasure of a profile commits its suppression first and deletes objects then, again and
again for some minutes. So either its suppression is seen here, before or after the put, or the put came before its deletion:

- suppressed before the first look: nothing is put;
- suppressed between the looks: the second look sees it, and the object is deleted again;
- suppressed after the second look: the erasure's deletion comes after the put.

A process that dies between the put and the second look leaves an object that the erasure's next pass deletes. One that stood still
for longer than an erasure is watched, and then died there, leaves it to the bucket's lifecycle. No run is shown it: suppressed
names are refused before any look into the cache, and a kept item's names are looked at again before it is scored.
"""

from datetime import datetime

import structlog

from oslira_analysis.application.ports import ProfileCache, Suppressions
from oslira_analysis.domain.items.judge_items import Judged

_LOG = structlog.get_logger()


async def keep_profile(
    username: str, judged: Judged, scraped_at: datetime, cache: ProfileCache, suppressions: Suppressions
) -> bool:
    """Whether the cache has it, so that the scrape's row need not keep it. Never raises."""
    try:
        if await suppressions.among(judged.names):
            return True  # nobody may have it
        is_kept = await cache.put(username, judged.item, scraped_at=scraped_at)
        # Also after a put that failed: one that took too long may have arrived.
        is_erased = bool(await suppressions.among(judged.names))
    except Exception as error:  # noqa: BLE001  # it can't be known that it may stay; the row keeps it instead
        _LOG.warning("profile_not_cached", reason=type(error).__name__)
        await cache.forget(username)
        return False
    if is_erased:
        await cache.forget(username)
    return is_kept or is_erased
