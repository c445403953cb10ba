"""Failed work of all accounts, for operators: its owner answers on the bus, from its own table."""

from dataclasses import dataclass
from uuid import UUID

from oslira_shared.bus.connection import Bus
from oslira_shared.contracts import failed as contracts
from oslira_shared.contracts.run_errors import VERDICTS, Cause, cause_of
from oslira_shared.errors import OsliraError
from oslira_shared.postgres.clients import AdminClient, Record


@dataclass(frozen=True, slots=True)
class FailedTable:
    """The queries of an owner's failed work. They return nothing personal: ids, numbers, times and codes.

    newest: limit, before_at, before_id, account_id, code, is_verdict (all but the first may be null), the codes of verdicts
    → columns of FailedItem without `cause`, which follows from the code of a run.
    one: id → the same columns. kept: id → a JSON object. missing: the error text if there is no such work.
    """

    newest: str
    one: str
    kept: str
    missing: str


def answer_failed(bus: Bus, owner: str, table: FailedTable, database: AdminClient) -> None:
    """Declare `<owner>.rpc.list_failed` and `<owner>.rpc.show_failed`."""

    @bus.responder(contracts.list_failed_subject(owner))
    async def list_failed(request: contracts.FailedQuery) -> contracts.FailedList:
        return contracts.FailedList(items=await newest(table, request, database))

    @bus.responder(contracts.show_failed_subject(owner))
    async def show_failed(request: contracts.FailedRequest) -> contracts.FailedDetail:
        return await show(table, request.id, database)


async def newest(
    table: FailedTable, query: contracts.FailedQuery, database: AdminClient
) -> list[contracts.FailedItem]:
    """Newest first."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            table.newest,
            query.limit,
            query.before_at,
            query.before_id,
            query.account_id,
            query.code,
            query.is_verdict,
            VERDICTS,
        )
    return [_item(row) for row in rows]


async def show(table: FailedTable, item_id: UUID, database: AdminClient) -> contracts.FailedDetail:
    """Raises OsliraError `not_found`."""
    async with database.connection() as connection:
        row = await connection.fetchrow(table.one, item_id)
        if row is None:
            raise OsliraError("not_found", table.missing)
        kept = await connection.fetchval(table.kept, item_id)
    return contracts.FailedDetail(item=_item(row), kept=kept)


def _item(row: Record) -> contracts.FailedItem:
    cause = cause_of(row["code"]) if row["kind"] == "run" else Cause.OURS
    return contracts.FailedItem(**dict(row), cause=cause)
