"""Outcomes of runs and bulks, by the function that analysis grants."""

from typing import Final
from uuid import UUID

from oslira_shared.postgres.clients import AdminClient

from oslira_credits.domain.settlement import Outcome, OutcomeState

_OUTCOME: Final = "select state, capture_credits from analysis.hold_outcome($1)"


class PostgresOutcomes:
    """Implements Outcomes."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def of(self, hold_id: UUID) -> Outcome:
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_OUTCOME, hold_id)
        assert row is not None  # noqa: S101  # the function always answers
        return Outcome(hold_id, OutcomeState(row["state"]), row["capture_credits"])
