"""How a run ends whose profile was erased."""

from typing import Final

from oslira_analysis.application.rows import Ending

ERASED: Final = Ending(
    "profile_suppressed", "This profile was removed at its owner's request. You were not charged."
)
