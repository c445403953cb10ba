"""The daily budget of anonymous callers: a small grant to their system account that expires at midnight (UTC)."""

from typing import Final
from uuid import UUID

from oslira_shared.postgres.clients import Pool

from oslira_credits.domain.amounts import Credits

# The key contains the day, so replicas that run at the same time make one grant.
_MAKE: Final = """
select made.is_new
  from (select (now() at time zone 'UTC')::date as day) today
 cross join lateral credits.grant($1, $2, 'anonymous', 'anonymous:' || today.day,
                                  ((today.day + 1)::timestamp at time zone 'UTC')) as made
 where not exists (select from credits.grants g where g.idempotency_key = 'anonymous:' || today.day)
"""


class GrantToAnonymous:
    """Called on every sweep, so that a new installation and a new day get the grant at once. It reads before it writes."""

    def __init__(self, pool: Pool, account_id: UUID, amount: Credits) -> None:
        self._pool, self._account_id, self._amount = pool, account_id, amount

    async def __call__(self) -> bool:
        """Returns whether the grant was made by this call. An amount of 0 makes none."""
        return self._amount > 0 and bool(await self._pool.fetchval(_MAKE, self._account_id, self._amount))
