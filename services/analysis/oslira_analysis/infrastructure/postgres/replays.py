"""Adapters of replays for Postgres and credits."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.credits.v1 import HOLD, SETTLE, Held, HoldRequest, Settlement, SettleRequest
from oslira_shared.errors import OsliraError
from oslira_shared.postgres.clients import AdminClient, Record

from oslira_analysis.application.replay_run import FailedRun
from oslira_analysis.application.rows import Effects
from oslira_analysis.domain.results.business_draft import DRAFT_TYPE
from oslira_analysis.infrastructure.postgres.tables import effects_of

_LOG = structlog.get_logger()
_RUN: Final = "select * from analysis.runs where id = $1"
# With the answers of the failed run.
_ACCEPT_DRAFT: Final = """
select again.* from analysis.runs r join analysis.drafts d on d.run_id = r.id
 cross join lateral analysis.accept_draft($2, r.account_id, r.user_id, d.answers, r.price_credits, r.request_id) as again
 where r.id = $1
"""
_ACCEPT: Final = "select * from analysis.accept_run($1, $2, $3, $4, $5, $6, $7, $8::interval, $9)"


class PostgresFailedRuns:
    """Implements FailedRuns."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def find(self, run_id: UUID) -> FailedRun | None:
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_RUN, run_id)
        # A run without a name (purged) cannot be replayed, and an anonymous one is not: its user is gone.
        if row is None or row["state"] != "failed" or row["username"] == "-" or row["redact_at"] is not None:
            return None
        if row["type"] == DRAFT_TYPE and not await self._has_answers(run_id):
            return None
        return FailedRun(run_id, row["account_id"], row["price_credits"])

    async def is_run(self, run_id: UUID) -> bool:
        async with self._database.connection() as connection:
            return await connection.fetchval(
                "select exists (select from analysis.runs where id = $1)", run_id
            )

    async def _has_answers(self, run_id: UUID) -> bool:
        async with self._database.connection() as connection:
            return await connection.fetchval(
                "select exists (select from analysis.drafts where run_id = $1)", run_id
            )

    async def accept_again(self, run_id: UUID, new_run_id: UUID) -> tuple[str, UUID, Effects]:
        async with self._database.transaction() as connection:
            failed = await connection.fetchrow(_RUN, run_id)
            assert failed is not None  # noqa: S101  # runs are not deleted while they are replayed
            if failed["type"] == DRAFT_TYPE:
                accepted = await connection.fetchrow(_ACCEPT_DRAFT, run_id, new_run_id)
            else:
                accepted = await connection.fetchrow(_ACCEPT, new_run_id, *_order_of(failed))
            assert accepted is not None  # noqa: S101  # it answers with one row or raises
            is_new = accepted["outcome"] == "accepted"
            row = await connection.fetchrow(_RUN, new_run_id) if is_new else None
        return accepted["outcome"], accepted["run_id"], effects_of(row)


def _order_of(failed: Record) -> Sequence[Any]:
    """The rest of accept_run's arguments."""
    return (
        failed["account_id"],
        failed["user_id"],
        failed["business_profile_id"],
        failed["username"],
        failed["type"],
        failed["price_credits"],
        timedelta(seconds=failed["max_age_s"]),
        failed["request_id"],
    )


class BusHolds:
    """Implements Holds over credits' requests."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def hold(self, run_id: UUID, account_id: UUID, amount_credits: int) -> None:
        request = HoldRequest(hold_id=run_id, account_id=account_id, amount_credits=amount_credits)
        await self._bus.request(HOLD, request, Held)

    async def release(self, run_id: UUID) -> None:
        try:
            await self._bus.request(SETTLE, SettleRequest(hold_id=run_id), Settlement)
        except OsliraError as error:
            _LOG.warning("hold_expires_unsettled", run_id=str(run_id), code=error.code)
