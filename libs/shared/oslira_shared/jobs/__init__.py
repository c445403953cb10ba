"""Jobs: an owner's part of what the scheduler ticks. A slot is a row of work: acted on once, taken over after a crash."""

from oslira_shared.jobs.owner import JobOwner, own_jobs
from oslira_shared.jobs.progress import Job, JobProgress

__all__ = ["Job", "JobOwner", "JobProgress", "own_jobs"]
