"""The Retry-After header, as every HTTP peer of ours may send it."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def read_retry_after(value: str | None, *, now: datetime) -> float | None:
    """Seconds from a Retry-After header, which holds seconds or a date; None for what is neither, or past."""
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    wait_s = (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
    return wait_s if wait_s > 0 else None
