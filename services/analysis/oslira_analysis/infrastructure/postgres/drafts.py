"""The inputs of drafts, in Postgres."""

from typing import Any

from oslira_shared.postgres.clients import AdminClient

from oslira_analysis.application.rows import RunWork


class PostgresDrafts:
    """Implements Drafts."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def answers(self, work: RunWork) -> dict[str, Any]:
        async with self._database.connection() as connection:
            found = await connection.fetchval(
                "select answers from analysis.drafts where run_id = $1", work.run.run_id
            )
        return found or {}
