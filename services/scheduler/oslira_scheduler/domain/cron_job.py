"""Kubernetes CronJobs publish every tick a second time, later than the scheduler: normally they change nothing."""

from datetime import UTC, datetime, timedelta
from typing import Final

LATE: Final = timedelta(minutes=10)
_MINUTES_AN_HOUR: Final = 60
# The time in a Job's name is used only within this distance: an operator may have chosen the name.
_BELIEVABLE: Final = timedelta(days=1)


def late_schedule(cron: str) -> str:
    """A job's expression, shifted by LATE. Raises ValueError unless its minute is one number and stays within its hour."""
    minute, _, rest = cron.partition(" ")
    late = int(minute) + int(LATE.total_seconds()) // 60
    if late >= _MINUTES_AN_HOUR:
        raise ValueError(f"{cron!r} would run in the next hour")
    return f"{late} {rest}"


def parse_slot(*, scheduled_at: str, job_name: str, now: datetime) -> datetime:
    """A time within the slot that a CronJob's Job was made for, however late its pod starts.

    `scheduled_at`: the annotation `batch.kubernetes.io/cronjob-scheduled-timestamp` (RFC 3339), empty where the pod has none:
    the control plane sets it on the Job. `job_name`: the Job's, `<CronJob>-<minutes since 1970>`. For a Job that an operator
    created, it is now. Raises ValueError for an invalid annotation.
    """
    if scheduled_at:
        return datetime.fromisoformat(scheduled_at) - LATE
    minutes = job_name.rpartition("-")[2]
    if minutes.isascii() and minutes.isdigit():
        since_1970 = timedelta(minutes=min(int(minutes), 10**9))
        scheduled = datetime(1970, 1, 1, tzinfo=UTC) + since_1970
        if abs(now - scheduled) < _BELIEVABLE:
            return scheduled - LATE
    return now
