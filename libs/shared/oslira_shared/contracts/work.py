"""The hint: read this row now. It has no authority and no state; the receiver reads the row."""

from uuid import UUID

from oslira_shared.contracts.base import Contract
from oslira_shared.ids import derived_id


class WorkHint(Contract):
    """`event_id` is the same each time the same (row, state, attempt) is announced."""

    row_id: UUID
    event_id: UUID

    @classmethod
    def of(cls, row_id: UUID, state: str, attempt: int) -> "WorkHint":
        """The hint for one state of one row."""
        return cls(row_id=row_id, event_id=derived_id(row_id, state, attempt))
