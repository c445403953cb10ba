"""Timestamps of callers."""

from datetime import UTC, datetime

from oslira_shared.errors import OsliraError


def in_utc(moment: datetime | None) -> datetime | None:
    """A timestamp without an offset is UTC. Raises OsliraError `invalid_request` for one that UTC cannot represent."""
    try:
        return moment and (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise OsliraError("invalid_request", "The date is out of range.") from error
