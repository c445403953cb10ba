"""The Retry-After header of HTTP peers."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_SECONDS: Final = re.compile(r"\d+(?:\.\d+)?", re.ASCII)


def read_retry_after(value: str | None, *, now: datetime, date: str | None = None) -> float | None:
    """Seconds from a Retry-After header, which holds seconds or a date; None for an invalid or past one.

    `date`: the same answer's Date header. A date is by the peer's clock, which may differ from ours by minutes.
    """
    if value is None:
        return None
    if _SECONDS.fullmatch(value.strip()):
        return float(value.strip()[:9])
    if (moment := _moment(value)) is None:
        return None
    wait_s = (moment - (_moment(date) or now)).total_seconds()
    return wait_s if wait_s > 0 else None


def _moment(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC)
