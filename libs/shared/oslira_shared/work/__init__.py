"""Rows of work: claim, heartbeat, transition, sweep. The row is the truth, the message is a hint."""

from oslira_shared.work.claim import Claim, claim, hand_back, moved, snooze, transition
from oslira_shared.work.heart import BEAT_EVERY_S, Heart
from oslira_shared.work.sweep import DueRow, sweep
from oslira_shared.work.table import WorkTable

__all__ = [
    "BEAT_EVERY_S",
    "Claim",
    "DueRow",
    "Heart",
    "WorkTable",
    "claim",
    "hand_back",
    "moved",
    "snooze",
    "sweep",
    "transition",
]
