"""Runs, as analysis shows them in its view."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar
from uuid import UUID

from oslira_shared.contracts.analysis.v1 import RunStatus, RunType
from oslira_shared.postgres.clients import AdminClient, Pool, Record, UserClient

from oslira_gateway.http.listing import Cursor
from oslira_gateway.identity.caller import Member
from oslira_gateway.runs.run import Run, RunCredits, RunError, RunSummary

RunT = TypeVar("RunT", bound=RunSummary)
COLUMNS: Final = """run_id, business_profile_id, type, username, status, progress, current_step, should_cancel, is_from_cache,
  lead_id, result, error_code, error_detail, price_credits, charged_credits, released_credits, seq, created_at, finished_at"""
# A result can have ten kilobytes, and lists and streams have up to 1,000 runs. Without results the view needs no join.
WITHOUT_RESULT: Final = COLUMNS.replace(" result,", "")
_FIND: Final = f"select {COLUMNS} from analysis.run_view where run_id = $1 and account_id = $2"
_PAGE: Final = f"""
select {WITHOUT_RESULT} from analysis.run_view
 where account_id = $1 and ($2::text is null or status = $2)
   and ($3::timestamptz is null or (created_at, run_id) < ($3, $4::uuid))
 order by created_at desc, run_id desc limit $5
"""
_PLACES: Final = "select run_id, queue_position, eta_s from analysis.queue_positions($1::uuid[])"


class PostgresRuns:
    """Reads as the user, under row-level security. A ticket has no token, so `follow` reads as the service."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._service = AdminClient(pool)

    async def find(self, member: Member, run_id: UUID) -> Run | None:
        async with self._as(member).transaction() as connection:
            row = await connection.fetchrow(_FIND, run_id, member.account_id)
        return (await self._placed([_for(member, run_of(row), row)]))[0] if row else None

    async def page(
        self, member: Member, *, status: RunStatus | None, after: Cursor | None, limit: int
    ) -> Sequence[RunSummary]:
        place = (after.created_at, after.row_id) if after else (None, None)
        async with self._as(member).transaction() as connection:
            rows = await connection.fetch(_PAGE, member.account_id, status, *place, limit)
        return await self._placed([_for(member, summary_of(row), row) for row in rows])

    async def follow(self, account_id: UUID, run_id: UUID) -> Run | None:
        async with self._service.connection() as connection:
            row = await connection.fetchrow(_FIND, run_id, account_id)
        return (await self._placed([run_of(row)]))[0] if row else None

    async def _placed(self, runs: list[RunT]) -> list[RunT]:
        """Add the queue position of waiting runs. Positions are read as the service: they count rows of all accounts."""
        waiting = [run.run_id for run in runs if run.status is RunStatus.WAITING]
        if not waiting:
            return runs
        async with self._service.connection() as connection:
            rows = await connection.fetch(_PLACES, waiting)
        places = {row["run_id"]: (row["queue_position"], row["eta_s"]) for row in rows}
        return [
            replace(run, queue_position=place[0], eta_s=place[1])
            if (place := places.get(run.run_id))
            else run
            for run in runs
        ]

    def _as(self, member: Member) -> UserClient:
        return UserClient(self._pool, claims=member.caller.claims)


def _for(member: Member, run: RunT, row: Record) -> RunT:
    """Only operators see whether the profile was cached: it may be in the cache because of another account."""
    return replace(run, is_from_cache=row["is_from_cache"]) if member.caller.is_operator else run


def run_of(row: Record) -> Run:
    """A row of analysis.run_view, as members see it."""
    return Run(**_fields(row), result=row["result"])


def summary_of(row: Record) -> RunSummary:
    """A row of analysis.run_view that was read without its result."""
    return RunSummary(**_fields(row))


def _fields(row: Record) -> dict[str, Any]:
    charged, released = row["charged_credits"], row["released_credits"]
    credits_ = RunCredits(
        held=row["price_credits"] if charged is None else 0, charged=charged or 0, released=released or 0
    )
    error = RunError(row["error_code"], row["error_detail"] or "") if row["error_code"] else None
    return {
        "run_id": row["run_id"],
        "business_profile_id": row["business_profile_id"],
        "type": RunType(row["type"]),
        "username": row["username"],
        "status": RunStatus(row["status"]),
        "progress": row["progress"],
        "current_step": row["current_step"],
        "should_cancel": row["should_cancel"],
        "queue_position": None,
        "eta_s": None,
        "error": error,
        "credits": credits_,
        "is_from_cache": None,
        "lead_id": row["lead_id"],
        "created_at": row["created_at"],
        "finished_at": row["finished_at"],
        "seq": row["seq"],
    }
