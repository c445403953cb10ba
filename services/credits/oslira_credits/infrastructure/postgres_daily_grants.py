"""Daily grants in Postgres."""

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


class PostgresDailyGrants:
    """The port DailyGrants."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def make(self, account_id: UUID, amount: Credits) -> bool:
        return bool(await self._pool.fetchval(_MAKE, account_id, amount))
