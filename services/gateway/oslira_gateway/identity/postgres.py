"""Memberships in Postgres."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from oslira_shared.postgres.clients import Pool

from oslira_gateway.identity.caller import Membership

_OF_USER: Final = """
select a.id as account_id, a.name, a.kind, m.role
  from identity.members m join identity.accounts a on a.id = m.account_id and a.deleted_at is null
 where m.user_id = $1
 order by m.created_at, a.id
"""


class PostgresMemberships:
    """As the service itself: this is the look-up that decides what a user may see, so it can't stand on that decision."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of_user(self, user_id: UUID) -> Sequence[Membership]:
        """See Memberships."""
        return [Membership(**dict(row)) for row in await self._pool.fetch(_OF_USER, user_id)]
