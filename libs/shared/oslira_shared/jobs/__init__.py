"""Jobs: a service's part of the scheduler's ticks. A slot is a row of work: run once, and taken over after a crash."""

from oslira_shared.jobs.owner import JobOwner, own_jobs
from oslira_shared.jobs.progress import Job, JobProgress

__all__ = ["Job", "JobOwner", "JobProgress", "own_jobs"]
