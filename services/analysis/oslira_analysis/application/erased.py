"""How a run ends whose profile was erased: as if there were none. Who asked for erasure is theirs alone to tell."""

from typing import Final

from oslira_analysis.application.rows import Ending

ERASED: Final = Ending("profile_not_found", "There is no Instagram profile with this name.")
