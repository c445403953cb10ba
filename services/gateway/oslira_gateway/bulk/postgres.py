"""Bulks, by the views and functions that analysis grants."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

import asyncpg
from oslira_shared.contracts.analysis.v1 import AnalysisType, RunStatus
from oslira_shared.ids import new_id
from oslira_shared.postgres.again import despite_conflicts
from oslira_shared.postgres.clients import AdminClient, Pool, Record, UserClient

from oslira_gateway.bulk.bulk import Bulk, BulkCounts, BulkItem, BulkOrder
from oslira_gateway.bulk.name_list import RejectedLine
from oslira_gateway.bulk.request_bulk import BulkAcceptance, BulkOrderState
from oslira_gateway.http.listing import Cursor
from oslira_gateway.identity.caller import Member
from oslira_gateway.runs.ports import Reservation, UsedKey
from oslira_gateway.runs.postgres_requests import KEEP
from oslira_gateway.runs.run import RunCredits, RunError

# Raised by analysis when the account's day has no room for the worst case of all these runs: none is created.
_COST_LIMIT: Final = "OS429"
_AT_HAND: Final = """
select wanted.username from unnest($4::text[]) as wanted (username)
 cross join lateral analysis.find_reusable(
   $1, $2, wanted.username, $3, now() - $5::interval, now() - $6::interval,
   (select b.version from identity.business_profiles b where b.id = $2)) as same
"""
_STANDING: Final = """
select exists (select from identity.business_profiles b
                where b.id = $2 and b.account_id = $1 and b.deleted_at is null) as has_business_profile,
       analysis.expected_s($1, (select ap.plan from billing.account_plans ap where ap.account_id = $1), $4) as expected_s,
       used.body_hash, used.generation, used.run_id as used_run_id, used.status, used.expires_at > now() as is_live
  from (select 1) as request
  left join identity.idempotency used on used.account_id = $1 and used.key = $3
"""
_SUPPRESSED: Final = "select name from unnest($1::text[]) as name where identity.is_suppressed(name)"
_ACCEPT: Final = f"""
with accepted as materialized (
  select * from analysis.accept_bulk($1, $2, $3, $4, $5, $6, $7, $8, $9::interval, $10, $11::int[], $12::text[], $13::uuid[],
                                     $14::text::jsonb, $15, $16, now() - $20::interval, now() - $21::interval,
                                     (select b.version from identity.business_profiles b where b.id = $4))
), kept as (
  insert into identity.idempotency (account_id, key, body_hash, generation, run_id, status, expires_at)
  select $2, $17, $18, $19, $1, 202, now() + interval '24 hours'
    from accepted where $17::text is not null and outcome in ('accepted', 'exists')
  {KEEP}
)
select outcome, owned_run_ids from accepted
"""
_FIND: Final = "select * from analysis.bulk_view where bulk_id = $1 and account_id = $2"
_PAGE: Final = """
select * from analysis.bulk_view
 where account_id = $1 and ($2::timestamptz is null or (created_at, bulk_id) < ($2, $3::uuid))
 order by created_at desc, bulk_id desc limit $4
"""
_ITEMS: Final = """
select * from analysis.bulk_item_view where bulk_id = $1 and account_id = $2 and line > $3 order by line limit $4
"""
_RUN_IDS: Final = "select run_id from analysis.bulk_items where bulk_id = $1 and account_id = $2"


class PostgresBulks:
    """Reads run as the user. Functions that analysis grants to the gateway run as the service; so do reads by a ticket."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._service = AdminClient(pool)

    async def order_state(self, member: Member, order: BulkOrder, key: str | None) -> BulkOrderState:
        names = [name.username for name in order.names.names]
        of_order = (member.account_id, order.business_profile_id)
        async with self._service.connection() as connection:
            rows = await connection.fetch(
                _AT_HAND, *of_order, order.type, names, order.reuse_within, _unchanged_within(order)
            )
            reusable = frozenset(row["username"] for row in rows)
            new = order.affordable(len(names) - len(reusable))
            row = await connection.fetchrow(_STANDING, *of_order, key, new)
            found = await connection.fetch(_SUPPRESSED, names)
        assert row is not None  # noqa: S101  # left joins on one row
        suppressed = frozenset(name for (name,) in found)
        used = None
        if row["body_hash"] is not None:
            used = UsedKey(
                row["body_hash"], row["generation"], row["used_run_id"], row["status"], row["is_live"]
            )
        return BulkOrderState(
            row["has_business_profile"], reusable - suppressed, row["expected_s"], used, suppressed
        )

    async def accept(
        self,
        member: Member,
        order: BulkOrder,
        *,
        bulk_id: UUID,
        most_runs: int,
        reservation: Reservation | None,
        request_id: str,
    ) -> BulkAcceptance:
        names = order.names.names
        values = (
            bulk_id,
            member.account_id,
            member.caller.user_id,
            order.business_profile_id,
            order.type,
            order.price_credits,
            most_runs * order.price_credits,
            most_runs,
            order.max_age,
            request_id,
            [name.line for name in names],
            [name.username for name in names],
            [new_id() for _ in names],
            json.dumps([asdict(replace(line, text="")) for line in order.names.rejected]),
            order.stop_after_leads,
            order.stop_score,
            reservation.key if reservation else None,
            order.body_hash,
            reservation.generation if reservation else None,
            order.reuse_within,
            _unchanged_within(order),
        )

        async def accept() -> Record | None:
            async with self._service.connection() as connection:
                return await connection.fetchrow(_ACCEPT, *values)

        try:
            # accept_bulk retries names whose runs end meanwhile, while it has locked the day's cost: no lock order covers that.
            row = await despite_conflicts(accept, name="accept_bulk")
        except asyncpg.PostgresError as error:
            if error.sqlstate != _COST_LIMIT:
                raise
            return BulkAcceptance("cost_limit", ())
        assert row is not None  # noqa: S101  # accept_bulk returns one row or raises
        return BulkAcceptance(row["outcome"], row["owned_run_ids"])

    async def find(self, member: Member, bulk_id: UUID) -> Bulk | None:
        async with self._as(member).transaction() as connection:
            row = await connection.fetchrow(_FIND, bulk_id, member.account_id)
        return _bulk(row) if row else None

    async def page(self, member: Member, *, after: Cursor | None, limit: int) -> Sequence[Bulk]:
        place = (after.created_at, after.row_id) if after else (None, None)
        async with self._as(member).transaction() as connection:
            return [_bulk(row) for row in await connection.fetch(_PAGE, member.account_id, *place, limit)]

    async def items(
        self, member: Member, bulk_id: UUID, *, after_line: int, limit: int
    ) -> Sequence[BulkItem]:
        async with self._as(member).transaction() as connection:
            rows = await connection.fetch(_ITEMS, bulk_id, member.account_id, after_line, limit)
        return [_item(row) for row in rows]

    async def follow(self, account_id: UUID, bulk_id: UUID) -> Bulk | None:
        async with self._service.connection() as connection:
            row = await connection.fetchrow(_FIND, bulk_id, account_id)
        return _bulk(row) if row else None

    async def run_ids(self, account_id: UUID, bulk_id: UUID) -> Sequence[UUID]:
        async with self._service.connection() as connection:
            return [row["run_id"] for row in await connection.fetch(_RUN_IDS, bulk_id, account_id)]

    def _as(self, member: Member) -> UserClient:
        return UserClient(self._pool, claims=member.caller.claims)


def _unchanged_within(order: BulkOrder) -> timedelta | None:
    return order.refresh.unchanged_within if order.refresh else None


def _bulk(row: Record) -> Bulk:
    rejected = [RejectedLine(**line) for line in row["rejected"]]
    charged = row["charged_credits"]
    held = row["held_credits"] if charged is None else 0
    return Bulk(
        bulk_id=row["bulk_id"],
        business_profile_id=row["business_profile_id"],
        type=AnalysisType(row["type"]),
        status=row["status"],
        stopped_because=row["stopped_because"],
        counts=BulkCounts(
            total=row["item_count"],
            linked=row["linked_count"],
            waiting=row["waiting_count"],
            running=row["running_count"],
            completed=row["completed_count"],
            failed=row["failed_count"],
            cancelled=row["cancelled_count"],
            rejected=len(rejected),
        ),
        progress=row["progress"],
        credits=RunCredits(held, charged or 0, row["released_credits"] or 0),
        rejected=rejected,
        created_at=row["created_at"],
        finished_at=row["finished_at"],
        seq=row["version"],
    )


def _item(row: Record) -> BulkItem:
    error = RunError(row["error_code"], row["error_detail"] or "") if row["error_code"] else None
    return BulkItem(
        line=row["line"],
        run_id=row["run_id"],
        username=row["username"],
        is_linked=not row["owned"],
        status=RunStatus(row["status"]),
        progress=row["progress"],
        current_step=row["current_step"],
        score=row["score"],
        lead_id=row["lead_id"],
        error=error,
        finished_at=row["finished_at"],
        seq=row["seq"],
    )
