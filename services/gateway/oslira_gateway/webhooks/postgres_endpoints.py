"""Endpoints in Postgres."""

import dataclasses
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

from oslira_shared.errors import OsliraError
from oslira_shared.postgres.clients import Connection, Pool, UserClient

from oslira_gateway.identity.caller import Member
from oslira_gateway.webhooks.ports import Endpoint, NewEndpoint

_COLUMNS: Final = "id as endpoint_id, " + ", ".join(
    field.name for field in dataclasses.fields(Endpoint) if field.name != "endpoint_id"
)
_OF: Final = f"""
select {_COLUMNS} from identity.webhook_endpoints where account_id = $1 order by created_at desc, id desc
"""
_GET: Final = f"select {_COLUMNS} from identity.webhook_endpoints where id = $1 and account_id = $2"
_ADD: Final = f"""
insert into identity.webhook_endpoints (id, account_id, url, description, event_types, sealed_secret)
values ($1, $2, $3, $4, $5, $6) returning {_COLUMNS}
"""
# A null is no change; an empty description deletes it.
_CHANGE: Final = f"""
update identity.webhook_endpoints
   set url = coalesce($3, url), description = case when $4::text = '' then null else coalesce($4, description) end,
       event_types = coalesce($5::text[], event_types), updated_at = now()
 where id = $1 and account_id = $2 returning {_COLUMNS}
"""
_REPLACE_SECRET: Final = f"""
update identity.webhook_endpoints
   set sealed_old_secret = sealed_secret, old_secret_until = now() + make_interval(secs => $4), sealed_secret = $3,
       updated_at = now()
 where id = $1 and account_id = $2 returning {_COLUMNS}
"""
_PAUSE: Final = f"""
update identity.webhook_endpoints
   set state = 'paused', state_reason = 'by_owner', updated_at = now(),
       state_changed_at = case when state = 'paused' then state_changed_at else now() end
 where id = $1 and account_id = $2 returning {_COLUMNS}
"""
_RESUME: Final = f"""
update identity.webhook_endpoints
   set state = 'active', state_reason = null, failure_count = 0, failing_since = null, updated_at = now(),
       state_changed_at = case when state = 'active' then state_changed_at else now() end
 where id = $1 and account_id = $2 returning {_COLUMNS}
"""
# Including those that wait for a retry: resuming means that the server works again.
_RELEASE: Final = """
update identity.webhook_deliveries
   set state = case when waited_from < now() - make_interval(secs => $2) then 'expired' else 'pending' end,
       due_at = case when waited_from < now() - make_interval(secs => $2) then null else now() end,
       failures = 0, not_before = null, seq = seq + 1
 where endpoint_id = $1 and (state = 'held' or (state = 'pending' and (lease_until is null or lease_until <= now())))
"""
_REMOVE: Final = "delete from identity.webhook_endpoints where id = $1 and account_id = $2 returning id"
_LOCK_ACCOUNT: Final = "select from identity.accounts where id = $1 for no key update"


class PostgresEndpoints:
    """Implements Endpoints.

    Reads run as the user, under row-level security. Writes run as the service and name the account: users must not set secrets or
    the states of deliveries, and the route has checked that the member may manage webhooks.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of(self, member: Member) -> Sequence[Endpoint]:
        async with UserClient(self._pool, claims=member.caller.claims).transaction() as connection:
            return [Endpoint(**dict(row)) for row in await connection.fetch(_OF, member.account_id)]

    async def get(self, member: Member, endpoint_id: UUID) -> Endpoint:
        async with UserClient(self._pool, claims=member.caller.claims).transaction() as connection:
            return await _one(connection, _GET, endpoint_id, member)

    async def add(self, member: Member, new: NewEndpoint, *, most: int) -> Endpoint:
        async with self._writing() as connection:
            # Counted under a lock, so that concurrent calls do not exceed the limit together.
            await connection.execute(_LOCK_ACCOUNT, member.account_id)
            if len(await connection.fetch(_OF, member.account_id)) >= most:
                raise OsliraError(
                    "limit_reached",
                    f"An account has at most {most} webhook endpoints; delete one first.",
                    limit=most,
                )
            values = (new.url, new.description, list(new.event_types), new.sealed_secret)
            row = await connection.fetchrow(_ADD, new.endpoint_id, member.account_id, *values)
        return Endpoint(**dict(row or {}))

    async def change(self, member: Member, endpoint_id: UUID, changes: dict[str, Any]) -> Endpoint:
        values = [changes.get(name) for name in ("url", "description", "event_types")]
        async with self._writing() as connection:
            return await _one(connection, _CHANGE, endpoint_id, member, *values)

    async def replace_secret(
        self, member: Member, endpoint_id: UUID, sealed_secret: bytes, *, overlap_s: float
    ) -> Endpoint:
        async with self._writing() as connection:
            return await _one(connection, _REPLACE_SECRET, endpoint_id, member, sealed_secret, overlap_s)

    async def pause(self, member: Member, endpoint_id: UUID) -> Endpoint:
        """Its deliveries are held by the next process that claims one."""
        async with self._writing() as connection:
            return await _one(connection, _PAUSE, endpoint_id, member)

    async def resume(self, member: Member, endpoint_id: UUID, *, longest_wait_s: float) -> Endpoint:
        async with self._writing() as connection:
            resumed = await _one(connection, _RESUME, endpoint_id, member)
            await connection.execute(_RELEASE, endpoint_id, longest_wait_s)
        return resumed

    async def remove(self, member: Member, endpoint_id: UUID) -> None:
        async with self._writing() as connection:
            if await connection.fetchval(_REMOVE, endpoint_id, member.account_id) is None:
                raise _not_found()

    @asynccontextmanager
    async def _writing(self) -> AsyncGenerator[Connection]:
        async with self._pool.acquire() as connection, connection.transaction():
            yield connection


async def _one(
    connection: Connection, query: str, endpoint_id: UUID, member: Member, *more: object
) -> Endpoint:
    row = await connection.fetchrow(query, endpoint_id, member.account_id, *more)
    if row is None:
        raise _not_found()
    return Endpoint(**dict(row))


def _not_found() -> OsliraError:
    return OsliraError("webhook_endpoint_not_found", "There is no such webhook endpoint in this account.")
