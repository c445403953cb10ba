"""`POST /v1/admin/runs/{id}/cancel` and `/bulk/{id}/cancel`: an operator ends a customer's work, on record."""

from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from litestar import Request, post
from litestar.params import FromPath
from oslira_shared.errors import OsliraError
from oslira_shared.postgres.clients import AdminClient

from oslira_gateway.bulk.cancel_bulk import BulkCancels
from oslira_gateway.operations.admin_app import operator_of
from oslira_gateway.operations.audit_log import AuditLog, recorded
from oslira_gateway.runs.cancel_analysis import Cancels

_ACCOUNT_OF_RUN: Final = "select account_id from analysis.run_view where run_id = $1"
_ACCOUNT_OF_BULK: Final = "select account_id from analysis.bulk_view where bulk_id = $1"


@dataclass(frozen=True, slots=True)
class CancelledWork:
    """`status` after the request: `cancelled`, or how it had ended before. Its credits are settled by the usual event."""

    id: UUID
    account_id: UUID
    status: str


class WorkAccounts(Protocol):
    """Whose work it is."""

    async def of_run(self, run_id: UUID) -> UUID | None: ...
    async def of_bulk(self, bulk_id: UUID) -> UUID | None: ...


class PostgresWorkAccounts:
    """The port WorkAccounts. As the service itself: operators belong to no account."""

    def __init__(self, client: AdminClient) -> None:
        self._client = client

    async def of_run(self, run_id: UUID) -> UUID | None:
        async with self._client.connection() as connection:
            return await connection.fetchval(_ACCOUNT_OF_RUN, run_id)

    async def of_bulk(self, bulk_id: UUID) -> UUID | None:
        async with self._client.connection() as connection:
            return await connection.fetchval(_ACCOUNT_OF_BULK, bulk_id)


def cancel_routes(
    accounts: WorkAccounts, runs: Cancels, bulks: BulkCancels, audit_log: AuditLog
) -> list[Any]:
    """Both answer 200 for work that has ended already; nothing changes then."""

    @post("/runs/{run_id:uuid}/cancel", status_code=200)
    async def cancel_run(request: Request[Any, Any, Any], run_id: FromPath[UUID]) -> CancelledWork:
        async with recorded(audit_log, operator_of(request), "cancel_run", id=str(run_id)):
            if (account_id := await accounts.of_run(run_id)) is None:
                raise OsliraError("run_not_found", "There is no such run.")
            return CancelledWork(run_id, account_id, (await runs.cancel(run_id, account_id)).value)

    @post("/bulk/{bulk_id:uuid}/cancel", status_code=200)
    async def cancel_bulk(request: Request[Any, Any, Any], bulk_id: FromPath[UUID]) -> CancelledWork:
        async with recorded(audit_log, operator_of(request), "cancel_bulk", id=str(bulk_id)):
            if (account_id := await accounts.of_bulk(bulk_id)) is None:
                raise OsliraError("bulk_not_found", "There is no such bulk.")
            was_open = await bulks.cancel(bulk_id, account_id)
            return CancelledWork(bulk_id, account_id, "cancelled" if was_open else "ended")

    return [cancel_run, cancel_bulk]
