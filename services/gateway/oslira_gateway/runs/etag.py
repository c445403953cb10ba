"""ETags of runs: an unchanged run is not sent again."""

import hashlib
import time
from typing import Final

from oslira_gateway.runs.run import Run

# The body of an unfinished run has a ticket of ten minutes. The tag changes often enough that a client gets a new one in time.
_TICKET_BUCKET_S: Final = 300


def etag_of(run: Run, *, now_s: float | None = None) -> str:
    """A weak tag: equal tags mean the same state, not the same bytes."""
    bucket = 0 if run.is_ended else int((time.time() if now_s is None else now_s) // _TICKET_BUCKET_S)
    parts = (run.run_id, run.seq, run.waits_as, run.credits, bucket)
    return f'W/"{hashlib.sha256(repr(parts).encode()).hexdigest()[:20]}"'


def matches(if_none_match: str | None, etag: str) -> bool:
    """Whether the If-None-Match header has this tag."""
    if if_none_match is None:
        return False
    offered = [tag.strip() for tag in if_none_match.split(",")]
    return "*" in offered or etag in offered
