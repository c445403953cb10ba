"""The period of a query."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, Self

import msgspec
from litestar.params import QueryParameter
from oslira_shared.errors import OsliraError

from oslira_gateway.http.timestamps import in_utc

MAX_DAYS: Final = 92
_DEFAULT: Final = timedelta(days=30)
_HOUR: Final = timedelta(hours=1)


class Bucket(StrEnum):
    """The length of each part of a series. Days are in UTC."""

    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Period:
    """Whole hours (UTC) from `start` up to, not including, `end`."""

    start: datetime
    end: datetime

    @classmethod
    def of(cls, start: datetime | None, end: datetime | None, *, now: datetime) -> Self:
        """`end` is now and `start` 30 days earlier by default; both are rounded out to whole hours. Raises `invalid_request`."""
        try:
            until = _up_to_the_hour(in_utc(end) or now)
            since = _hour_of(in_utc(start) or until - _DEFAULT)
        except OverflowError as error:
            raise OsliraError("invalid_request", "The date is out of range.") from error
        if since >= until:
            raise OsliraError("invalid_request", "`from` has to be before `to`.")
        # An hour more, because of the rounding.
        if until - since > timedelta(days=MAX_DAYS) + _HOUR:
            raise OsliraError("invalid_request", f"At most {MAX_DAYS} days can be looked at in one request.")
        return cls(since, until)


class OfPeriod(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}):
    """Values of a period: `from` and `to` as requested. A Struct, since `from` can't be the name of a field."""

    start: datetime
    end: datetime


async def read_period(
    start: Annotated[
        datetime | None,
        QueryParameter(name="from", description="The beginning; 30 days before `to` unless said."),
    ] = None,
    end: Annotated[
        datetime | None, QueryParameter(name="to", description="The end, not included; now unless said.")
    ] = None,
) -> Period:
    """`from` and `to` of a query."""
    return Period.of(start, end, now=datetime.now(UTC))


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _up_to_the_hour(moment: datetime) -> datetime:
    hour = _hour_of(moment)
    return hour if hour == moment else hour + _HOUR
