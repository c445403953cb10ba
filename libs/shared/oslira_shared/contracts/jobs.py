"""The jobs: what runs when, and who owns it. Ticks, run_job RPCs, CronJobs and alerts derive from this table."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Job:
    """A job's cron expression (UTC, five fields) and the services that act on its tick."""

    name: str
    cron: str
    owners: tuple[str, ...]
    is_frequent: bool = False  # of slots missed during an outage only the newest is caught up


JOBS: Final = (
    Job("failed-analysis-cleanup", "0 * * * *", ("analysis",), is_frequent=True),
    Job("daily-cleanup", "0 2 * * *", ("gateway", "credits", "analysis", "billing")),
    Job("audit", "15 * * * *", ("credits",), is_frequent=True),
    Job("monthly-renewal", "0 3 1 * *", ("billing",)),
    Job("owed-credits", "30 3 * * *", ("billing",), is_frequent=True),
    Job("subscription-sync", "0 */6 * * *", ("billing",), is_frequent=True),
    Job("invoice-reconciliation", "0 4 * * *", ("billing",)),
    Job("stripe-reconciliation", "30 5 * * *", ("billing",)),
    Job("model-check", "0 5 * * *", ("analysis",)),
)


def jobs_of(owner: str) -> tuple[Job, ...]:
    """The jobs that a service acts on."""
    return tuple(job for job in JOBS if owner in job.owners)
