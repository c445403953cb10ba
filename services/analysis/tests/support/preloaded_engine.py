"""What an engine imports, seconds of it: loaded once by the process that the killed engines are forked from."""

import killed_engine
from oslira_analysis.infrastructure.sdks import load_sdks

__all__ = ["killed_engine"]

load_sdks()
