"""Events of Stripe's that were given up, of all accounts, for operators. Without their bodies: those hold names and addresses."""

from typing import Final
from uuid import UUID

from oslira_shared.contracts.failed import FailedDetail, FailedItem, FailedQuery
from oslira_shared.errors import OsliraError
from oslira_shared.postgres.clients import AdminClient

_ITEM: Final = """
'webhook' as kind, id, account_id, created_at as at, attempt as attempts, type as code, coalesce(reason, '') as detail
"""
_NEWEST: Final = f"""
select {_ITEM} from billing.webhook_events
 where state = 'dead' and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
   and ($4::uuid is null or account_id = $4) and ($5::text is null or type = $5)
 order by created_at desc, id desc limit $1
"""
_ONE: Final = f"select {_ITEM} from billing.webhook_events where id = $1 and state = 'dead'"
_KEPT: Final = """
select jsonb_build_object(
  'stripe_event_id', stripe_event_id, 'livemode', livemode, 'api_version', api_version, 'failures', failures,
  'progressed_at', progressed_at, 'can_be_replayed', payload is not null)
from billing.webhook_events where id = $1
"""


class PostgresFailedEvents:
    """Implements FailedWork."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def newest(self, query: FailedQuery) -> list[FailedItem]:
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                _NEWEST, query.limit, query.before_at, query.before_id, query.account_id, query.code
            )
        return [FailedItem(**dict(row)) for row in rows]

    async def show(self, item_id: UUID) -> FailedDetail:
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_ONE, item_id)
            if row is None:
                raise OsliraError("not_found", "There is no event of this id that was given up.")
            kept = await connection.fetchval(_KEPT, item_id)
        return FailedDetail(item=FailedItem(**dict(row)), kept=kept)
