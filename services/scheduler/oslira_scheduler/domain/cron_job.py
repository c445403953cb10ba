"""Kubernetes' CronJobs say every tick a second time, later than the daemon: when it does its duty, they change nothing."""

from datetime import UTC, datetime, timedelta
from typing import Final

LATE: Final = timedelta(minutes=10)
_MINUTES_AN_HOUR: Final = 60
# A Job's name is trusted for its time only this near: somebody may have named one by hand.
_BELIEVABLE: Final = timedelta(days=1)


def late_schedule(cron: str) -> str:
    """A job's expression, LATE later. Raises ValueError unless its minute is one number and stays within its hour."""
    minute, _, rest = cron.partition(" ")
    late = int(minute) + int(LATE.total_seconds()) // 60
    if late >= _MINUTES_AN_HOUR:
        raise ValueError(f"{cron!r} would run in the next hour")
    return f"{late} {rest}"


def parse_slot(*, scheduled_at: str, job_name: str, now: datetime) -> datetime:
    """A moment within the slot that a CronJob's Job was made for, however late its pod came to run.

    `scheduled_at`: the annotation `batch.kubernetes.io/cronjob-scheduled-timestamp` (RFC 3339), empty where the pod has none:
    the control plane writes it on the Job. `job_name`: the Job's, `<CronJob>-<minutes since 1970>`. A Job that somebody made by
    hand means now. Raises ValueError for an annotation that is no time.
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
