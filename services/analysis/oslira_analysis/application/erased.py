"""How a run ends whose profile was erased: as if the profile did not exist, because an erasure is confidential."""

from typing import Final

from oslira_analysis.application.rows import Ending

ERASED: Final = Ending("profile_not_found", "There is no Instagram profile with this name.")
