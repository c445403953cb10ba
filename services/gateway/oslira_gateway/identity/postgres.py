"""Memberships in Postgres."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from oslira_shared.postgres.clients import Pool, Record

from oslira_gateway.identity.caller import Caller, Membership, signed_out

_OF_USER: Final = """
select a.id as account_id, a.name, a.kind, m.role
  from identity.members m join identity.accounts a on a.id = m.account_id and a.deleted_at is null
 where m.user_id = $1
 order by m.created_at, a.id
"""
# One statement, so that the check for sign-outs needs no further round trip. A token without a session id is identified by its
# issue time; one without an issue time is accepted until it expires.
_OF_CALLER: Final = """
select signed_in.has_ended, mine.account_id, mine.name, mine.kind, mine.role
  from (select exists (
          select from identity.sign_outs s
           where s.user_id = $1 and s.session = $2
             and (s.session <> '' or ($3 > 0 and s.signed_out_at >= to_timestamp($3)))) as has_ended) as signed_in
  left join lateral (
    select a.id as account_id, a.name, a.kind, m.role, m.created_at
      from identity.members m join identity.accounts a on a.id = m.account_id and a.deleted_at is null
     where m.user_id = $1) as mine on true
 order by mine.created_at, mine.account_id
"""


class PostgresMemberships:
    """Runs as the service: row-level security depends on its result."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of_user(self, user_id: UUID) -> Sequence[Membership]:
        return [_membership(row) for row in await self._pool.fetch(_OF_USER, user_id)]

    async def of_caller(self, caller: Caller) -> Sequence[Membership]:
        rows = await self._pool.fetch(_OF_CALLER, caller.user_id, caller.session, caller.signed_in_at_s)
        if rows[0]["has_ended"]:
            raise signed_out()
        return [_membership(row) for row in rows if row["account_id"] is not None]


def _membership(row: Record) -> Membership:
    return Membership(row["account_id"], row["name"], row["kind"], row["role"])
