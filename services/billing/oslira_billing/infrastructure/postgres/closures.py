"""`billing.account_closures`."""

from collections.abc import Sequence
from typing import Final

from oslira_shared.postgres.clients import AdminClient

from oslira_billing.application.close_accounts import Closure

_FINISH: Final = """
    insert into billing.account_closures (account_id, finished_at) values ($1, now())
    on conflict (account_id) do update set finished_at = now(), failures = 0, not_before = null, reason = null
"""
_ENDED: Final = """
    update billing.subscriptions set state = 'canceled', ended_at = now(), updated_at = now()
     where account_id = $1 and stripe_subscription_id = any($2::text[]) and state not in ('canceled', 'incomplete_expired')
"""
# 1 minute, doubling to an hour.
_POSTPONE: Final = """
    insert into billing.account_closures as kept (account_id, failures, not_before, reason)
    values ($1, 1, now() + interval '1 minute', $2)
    on conflict (account_id) do update
      set failures = kept.failures + 1, reason = excluded.reason, finished_at = null,
          not_before = now() + least(interval '1 hour', interval '1 minute' * 2 ^ least(kept.failures, 10))
"""


class PostgresClosures:
    """Implements Closures."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def waiting(self, *, limit: int) -> Sequence[Closure]:
        async with self._database.connection() as connection:
            rows = await connection.fetch("select * from billing.accounts_to_close($1)", limit)
        return [Closure(row["account_id"], row["customers"], row["subscriptions"]) for row in rows]

    async def finish(self, closure: Closure) -> None:
        """Their end is stored at once: the later event about it changes nothing."""
        async with self._database.transaction() as connection:
            await connection.execute(_ENDED, closure.account_id, closure.subscriptions)
            await connection.execute(_FINISH, closure.account_id)

    async def postpone(self, closure: Closure, *, reason: str) -> None:
        async with self._database.connection() as connection:
            await connection.execute(_POSTPONE, closure.account_id, reason[:500])
