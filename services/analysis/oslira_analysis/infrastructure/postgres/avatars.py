"""The pictures of leads, in Postgres."""

from typing import Final
from uuid import UUID

from oslira_shared.postgres.clients import AdminClient

from oslira_analysis.application.show_avatar import StoredAvatar

_OF_LEAD: Final = """
select a.key, a.content_type from analysis.leads l join analysis.avatars a on a.username = l.username
 where l.id = $1 and l.account_id = $2 and l.deleted_at is null
"""


class PostgresAvatars:
    """Implements AvatarRows."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def of_lead(self, lead_id: UUID, account_id: UUID) -> StoredAvatar | None:
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_OF_LEAD, lead_id, account_id)
        return StoredAvatar(row["key"], row["content_type"]) if row else None
