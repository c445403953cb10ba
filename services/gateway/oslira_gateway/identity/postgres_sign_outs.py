"""Sign-outs in Postgres."""

from typing import Final

from oslira_shared.postgres.clients import AdminClient, Pool

from oslira_gateway.identity.caller import Caller

# A user who never had an account has no row and no streams.
_SIGN_OUT: Final = """
insert into identity.sign_outs as s (user_id, session)
select u.id, $2 from identity.users u where u.id = $1
on conflict (user_id, session) do update set signed_out_at = now()
"""


class PostgresSignOuts:
    """Implements SignOuts. As the service: users write nothing about sign-ins themselves."""

    def __init__(self, pool: Pool) -> None:
        self._service = AdminClient(pool)

    async def sign_out(self, caller: Caller) -> None:
        async with self._service.connection() as connection:
            await connection.execute(_SIGN_OUT, caller.user_id, caller.session)
