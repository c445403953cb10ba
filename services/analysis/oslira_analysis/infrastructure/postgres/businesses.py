"""Business profiles, through a function that the gateway's schema grants."""

from uuid import UUID

from oslira_shared.postgres.clients import AdminClient

from oslira_analysis.application.rows import Business


class PostgresBusinesses:
    """Implements Businesses."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def newest(self, business_profile_id: UUID, account_id: UUID) -> Business | None:
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                "select version, context from identity.business_at($1, $2, null)",
                business_profile_id,
                account_id,
            )
        return Business(row["version"], row["context"]) if row else None
