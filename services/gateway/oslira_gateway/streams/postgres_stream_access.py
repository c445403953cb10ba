"""Access of followers, in Postgres."""

from collections.abc import Collection
from typing import Final

from oslira_shared.postgres.clients import AdminClient, Pool

from oslira_gateway.streams.tickets import Follower

# A token without a session id is identified by its issue time: a sign-out ends all that were issued until then.
_REFUSED: Final = """
select f.number
  from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[]) with ordinality
    as f (user_id, account_id, session, signed_in_at_s, number)
 where not exists (
         select from identity.members m join identity.accounts a on a.id = m.account_id and a.deleted_at is null
          where m.user_id = f.user_id and m.account_id = f.account_id)
    or exists (
         select from identity.sign_outs s
          where s.user_id = f.user_id and s.session = f.session
            and (s.session <> '' or s.signed_out_at >= to_timestamp(f.signed_in_at_s)))
"""


class PostgresStreamAccess:
    """Implements StreamAccess. Reads as the service: a ticket has no token, and one statement checks all open streams."""

    def __init__(self, pool: Pool) -> None:
        self._service = AdminClient(pool)

    async def refused(self, followers: Collection[Follower]) -> Collection[Follower]:
        asked = list(followers)
        async with self._service.connection() as connection:
            rows = await connection.fetch(
                _REFUSED,
                [one.user_id for one in asked],
                [one.account_id for one in asked],
                [one.session for one in asked],
                [one.signed_in_at_s for one in asked],
            )
        return [asked[row["number"] - 1] for row in rows]
