"""Receipts, from views that analysis grants."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from oslira_shared.contracts.analysis.v1 import RunStatus, RunType
from oslira_shared.postgres.clients import AdminClient, Pool, Record, UserClient

from oslira_gateway.credits.dollars import usd, worth_nano_usd
from oslira_gateway.identity.caller import Member
from oslira_gateway.runs.receipt import CallLine, Receipt, ScrapeLine, Settlement, Step, Totals

_RUN: Final = """
select run_id, type, username, status, price_credits, charged_credits, released_credits, created_at, finished_at
  from analysis.run_view where run_id = $1 and account_id = $2
"""
_MORE: Final = "select * from analysis.receipts where run_id = $1 and account_id = $2"
_CALLS: Final = """
select * from analysis.receipt_calls where run_id = $1 and account_id = $2 order by created_at, call
"""


class PostgresReceipts:
    """The run is read as the user. Its calls have costs, which users may not read, so they are read as the service."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._service = AdminClient(pool)

    async def of_run(self, member: Member, run_id: UUID) -> Receipt | None:
        async with UserClient(self._pool, claims=member.caller.claims).transaction() as connection:
            run = await connection.fetchrow(_RUN, run_id, member.account_id)
        if run is None:
            return None
        async with self._service.connection() as connection:
            more = await connection.fetchrow(_MORE, run_id, member.account_id)
            calls = await connection.fetch(_CALLS, run_id, member.account_id)
        assert more is not None  # noqa: S101  # the same row under another view
        return _receipt(run, more, calls)


def _receipt(run: Record, more: Record, calls: Sequence[Record]) -> Receipt:
    charged, price = run["charged_credits"], run["price_credits"]
    credits_ = Settlement(
        hold_id=more["hold_id"],
        price_credits=price,
        held=price if charged is None else 0,
        charged=charged or 0,
        released=run["released_credits"] or 0,
        settled_at=more["settled_at"],
    )
    total_nano = more["ai_cost_nano_usd"] + more["scrape_cost_nano_usd"]
    return Receipt(
        run_id=run["run_id"],
        bulk_id=more["bulk_id"],
        type=RunType(run["type"]),
        username=run["username"],
        status=RunStatus(run["status"]),
        created_at=run["created_at"],
        finished_at=run["finished_at"],
        credits=credits_,
        steps=_steps(more["steps"]),
        scrape=_scrape(more),
        calls=[_call(row) for row in calls],
        totals=Totals(
            calls=more["call_count"],
            input_tokens=more["input_tokens"],
            cached_tokens=more["cached_tokens"],
            output_tokens=more["output_tokens"],
            cost_usd=usd(total_nano),
            margin_usd=None if charged is None else usd(worth_nano_usd(charged) - total_nano),
        ),
        has_detail=len(calls) >= more["call_count"],
        lead_id=more["lead_id"],
        is_new_lead=more["is_new_lead"],
    )


def _steps(recorded: Sequence[dict[str, Any]]) -> list[Step]:
    moments = [datetime.fromisoformat(step["at"]) for step in recorded]
    ends: list[datetime | None] = [*moments[1:], None]
    return [
        Step(RunStatus(step["step"]), at, round((end - at).total_seconds() * 1000) if end else None)
        for step, at, end in zip(recorded, moments, ends, strict=True)
    ]


def _scrape(more: Record) -> ScrapeLine | None:
    if more["scrape_id"] is None:
        return ScrapeLine("cache", None, 0, None, None, None) if more["is_from_cache"] else None
    source: Literal["own", "shared", "cache"] = "shared" if more["is_shared"] else "own"
    return ScrapeLine(
        source="cache" if more["is_from_cache"] else source,
        outcome=more["scrape_outcome"],
        attempts=more["scrape_attempt"],
        started_at=more["scrape_started_at"],
        ended_at=more["scrape_ended_at"],
        cost_usd=usd(more["scrape_cost_nano_usd"]),
    )


def _call(row: Record) -> CallLine:
    return CallLine(
        call=row["call"],
        attempt=row["attempt"],
        provider=row["provider"],
        model=row["model"],
        prompt_version=row["prompt_version"],
        state=row["state"],
        input_tokens=row["input_tokens"],
        cached_tokens=row["cached_tokens"],
        output_tokens=row["output_tokens"],
        duration_ms=row["duration_ms"],
        requested_at=row["created_at"],
        cost_usd=None if row["cost_nano_usd"] is None else usd(row["cost_nano_usd"]),
    )
