"""Deliveries in Postgres, as their account reads them."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import Connection, Pool, UserClient

from oslira_gateway.http.listing import Cursor
from oslira_gateway.identity.caller import Member
from oslira_gateway.webhooks.event import Event
from oslira_gateway.webhooks.ports import Delivery

_COLUMNS: Final = """
id as delivery_id, endpoint_id, event_id, event_type, state as status, tries, response_status, problem, body, last_tried_at,
due_at as next_try_at, delivered_at, created_at
"""
_OF: Final = f"""
select {_COLUMNS} from identity.webhook_deliveries
 where endpoint_id = $1 and account_id = $2 and ($3::text is null or state = $3)
   and ($4::timestamptz is null or (created_at, id) < ($4, $5::uuid))
 order by created_at desc, id desc limit $6
"""
# The lock is short: meanwhile the endpoint is not paused and none of its deliveries is claimed.
_LOCK_ENDPOINT: Final = """
select state from identity.webhook_endpoints where id = $1 and account_id = $2 for no key update
"""
_ADD: Final = f"""
insert into identity.webhook_deliveries (id, account_id, endpoint_id, event_id, event_type, body, due_at)
values ($1, $2, $3, $4, $5, $6, now()) returning {_COLUMNS}
"""
_LOCK: Final = """
select state from identity.webhook_deliveries where id = $1 and endpoint_id = $2 and account_id = $3 for update
"""
_REPLAY: Final = f"""
update identity.webhook_deliveries
   set state = 'pending', failures = 0, lease_until = null, not_before = null, due_at = now(), waited_from = now(),
       delivered_at = null, seq = seq + 1
 where id = $1 returning {_COLUMNS}
"""


class PostgresDeliveries:
    """Implements Deliveries. Reads as the user, writes as the service, like PostgresEndpoints."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of(
        self, member: Member, endpoint_id: UUID, *, status: str | None, after: Cursor | None, limit: int
    ) -> Sequence[Delivery]:
        place = (after.created_at, after.row_id) if after else (None, None)
        async with UserClient(self._pool, claims=member.caller.claims).transaction() as connection:
            rows = await connection.fetch(_OF, endpoint_id, member.account_id, status, *place, limit)
        return [Delivery(**dict(row)) for row in rows]

    async def send(self, member: Member, endpoint_id: UUID, event: Event) -> Delivery:
        async with self._pool.acquire() as connection, connection.transaction():
            await _lock_active(connection, member, endpoint_id)
            values = (member.account_id, endpoint_id, event.event_id, event.type, event.body)
            row = await connection.fetchrow(_ADD, new_id(), *values)
        return Delivery(**dict(row or {}))

    async def replay(self, member: Member, endpoint_id: UUID, delivery_id: UUID) -> Delivery:
        async with self._pool.acquire() as connection, connection.transaction():
            await _lock_active(connection, member, endpoint_id)
            state = await connection.fetchval(_LOCK, delivery_id, endpoint_id, member.account_id)
            if state is None:
                raise OsliraError("webhook_delivery_not_found", "There is no such delivery to this endpoint.")
            if state in {"pending", "held"}:
                raise OsliraError("conflict", "This delivery is still on its way.")
            row = await connection.fetchrow(_REPLAY, delivery_id)
        return Delivery(**dict(row or {}))


async def _lock_active(connection: Connection, member: Member, endpoint_id: UUID) -> None:
    state = await connection.fetchval(_LOCK_ENDPOINT, endpoint_id, member.account_id)
    if state is None:
        raise OsliraError("webhook_endpoint_not_found", "There is no such webhook endpoint in this account.")
    if state != "active":
        raise OsliraError("conflict", f"The endpoint is {state}; resume it first.")
