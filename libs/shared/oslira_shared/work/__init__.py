"""Rows of work: claim, heartbeat, transition, sweep. The row is the truth, the message is a hint."""

from oslira_shared.work.claim import Claim, claim, moved, release, snooze, transition
from oslira_shared.work.lease_keeper import EXTEND_LEASES_EVERY_S, LeaseKeeper
from oslira_shared.work.sweep import DueRow, sweep
from oslira_shared.work.table import WorkTable

__all__ = [
    "EXTEND_LEASES_EVERY_S",
    "Claim",
    "DueRow",
    "LeaseKeeper",
    "WorkTable",
    "claim",
    "moved",
    "release",
    "snooze",
    "sweep",
    "transition",
]
