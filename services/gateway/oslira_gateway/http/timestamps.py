"""Moments as callers write them."""

from datetime import UTC, datetime

from oslira_shared.errors import OsliraError


def in_utc(moment: datetime | None) -> datetime | None:
    """A moment without an offset is taken as UTC. Raises OsliraError `invalid_request` for one at the end of all days."""
    try:
        return moment and (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise OsliraError("invalid_request", "The date is out of range.") from error
