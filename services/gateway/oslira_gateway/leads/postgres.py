"""Leads, read under row-level security as the user who asks."""

from typing import Final
from uuid import UUID

from oslira_shared.postgres.clients import Pool, UserClient

from oslira_gateway.identity.caller import Member
from oslira_gateway.leads.refresh_lead import Lead

_FIND: Final = """
select id as lead_id, username, business_profile_id, coalesce(latest_type, 'light') as latest_type
  from analysis.leads where id = $1 and account_id = $2 and deleted_at is null
"""


class PostgresLeads:
    """See Leads."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, member: Member, lead_id: UUID) -> Lead | None:
        """See Leads."""
        async with UserClient(self._pool, claims=member.caller.claims).transaction() as connection:
            row = await connection.fetchrow(_FIND, lead_id, member.account_id)
        return Lead(**dict(row)) if row else None
