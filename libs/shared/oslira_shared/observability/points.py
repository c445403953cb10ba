"""Where code that measures sends its data points."""

from typing import Protocol
from uuid import UUID

from oslira_shared.contracts.points import Metric


class Points(Protocol):
    """Measurements for insights. Points may be lost; callers may not be blocked."""

    def emit(self, metric: Metric, label: str, value_us: int, *, account_id: UUID) -> None:
        """Never waits and never raises. `label` comes from a bounded set."""
        ...
