"""Rows of requests. Analysis owns the runs; the gateway uses the views and functions that it grants."""

from typing import Final
from uuid import UUID

import asyncpg
from oslira_shared.contracts.analysis.v1 import RunStatus
from oslira_shared.postgres.again import despite_conflicts
from oslira_shared.postgres.clients import AdminClient, Record

from oslira_gateway.identity.caller import Member
from oslira_gateway.runs.order import Order
from oslira_gateway.runs.ports import Acceptance, OrderState, Reservation, UsedKey

_SUPPRESSED: Final = "OS410"
_STANDING: Final = """
select exists (select from identity.business_profiles b
                where b.id = $2 and b.account_id = $1 and b.deleted_at is null) as has_business_profile,
       coalesce(same.run_id, unchanged.run_id) as same_run_id, identity.is_suppressed($3) as is_suppressed,
       used.body_hash, used.generation, used.run_id as used_run_id, used.status, used.expires_at > now() as is_live
  from (select 1) as request
  left join lateral analysis.find_same($1, $2, $3, $4, now() - $5::interval) as same on true
  -- Unless the business says something else since: then the same item is scored for something new.
  left join lateral (
    select found.run_id from analysis.find_unchanged($1, $2, $3, $4, now() - $7::interval) as found
      join identity.business_profiles b on b.id = $2 and coalesce(found.business_version, b.version) = b.version
  ) as unchanged on $7::interval is not null
  left join identity.idempotency used on used.account_id = $1 and used.key = $6
"""
# A live key is never overwritten: the first response is kept.
KEEP: Final = """
  on conflict (account_id, key) do update
    set body_hash = excluded.body_hash, generation = excluded.generation, run_id = excluded.run_id,
        status = excluded.status, expires_at = excluded.expires_at
  where identity.idempotency.expires_at <= now()
"""
_ACCEPT: Final = f"""
with accepted as materialized (
  select * from analysis.accept_run($1, $2, $3, $4, $5, $6, $7, $8::interval, $9)
), kept as (
  insert into identity.idempotency (account_id, key, body_hash, generation, run_id, status, expires_at)
  select $2, $10, $11, $12, run_id, case outcome when 'accepted' then 202 else 200 end, now() + interval '24 hours'
    from accepted where $10::text is not null and outcome in ('accepted', 'same')
  {KEEP}
)
select outcome, run_id, status, attempt from accepted
"""
_REMEMBER: Final = f"""
insert into identity.idempotency (account_id, key, body_hash, generation, run_id, status, expires_at)
values ($1, $2, $3, $4, $5, 200, now() + interval '24 hours')
{KEEP}
"""


class PostgresRequests:
    """Runs as the service, because analysis grants to the gateway. Each statement filters by the chosen account."""

    def __init__(self, client: AdminClient) -> None:
        self._client = client

    async def order_state(self, member: Member, order: Order, key: str | None) -> OrderState:
        async with self._client.connection() as connection:
            row = await connection.fetchrow(
                _STANDING,
                member.account_id,
                order.business_profile_id,
                order.username,
                order.type,
                order.reuse_within,
                key,
                order.unchanged_within,
            )
        assert row is not None  # noqa: S101  # left joins on one row
        return OrderState(
            row["has_business_profile"], row["same_run_id"], _used_key(row), row["is_suppressed"]
        )

    async def accept(
        self,
        member: Member,
        order: Order,
        *,
        run_id: UUID,
        reservation: Reservation | None,
        request_id: str,
    ) -> Acceptance:
        values = (
            run_id,
            member.account_id,
            member.caller.user_id,
            order.business_profile_id,
            order.username,
            order.type,
            order.price_credits,
            order.max_age,
            request_id,
            reservation.key if reservation else None,
            order.body_hash,
            reservation.generation if reservation else None,
        )

        async def accept() -> Record | None:
            async with self._client.connection() as connection:
                return await connection.fetchrow(_ACCEPT, *values)

        try:
            row = await despite_conflicts(accept, name="accept_run")
        except asyncpg.PostgresError as error:
            return closed_if_erased(error, run_id)
        assert row is not None  # noqa: S101  # accept_run returns one row or raises
        # A closed id has no public state; only the outcome counts.
        status = RunStatus.CANCELLED if row["outcome"] == "closed" else RunStatus(row["status"])
        return Acceptance(row["outcome"], row["run_id"], status, row["attempt"])

    async def remember(self, member: Member, order: Order, *, run_id: UUID, reservation: Reservation) -> None:
        async with self._client.connection() as connection:
            await connection.execute(
                _REMEMBER,
                member.account_id,
                reservation.key,
                order.body_hash,
                reservation.generation,
                run_id,
            )


def closed_if_erased(error: asyncpg.PostgresError, run_id: UUID) -> Acceptance:
    """The profile was erased after it was read: no run is made, and the state is read again. Re-raises other errors."""
    if error.sqlstate != _SUPPRESSED:
        raise error
    return Acceptance("closed", run_id, RunStatus.CANCELLED, 0)


def _used_key(row: Record) -> UsedKey | None:
    if row["body_hash"] is None:
        return None
    return UsedKey(row["body_hash"], row["generation"], row["used_run_id"], row["status"], row["is_live"])
