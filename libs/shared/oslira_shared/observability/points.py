"""Where data points go, for whoever measures something."""

from typing import Protocol
from uuid import UUID

from oslira_shared.contracts.points import Metric


class Points(Protocol):
    """Measurements on their way to insights. Losing some is allowed; holding anybody up is not."""

    def emit(self, metric: Metric, label: str, value_us: int, *, account_id: UUID) -> None:
        """Never waits and never raises. `label` comes from a bounded set."""
        ...
