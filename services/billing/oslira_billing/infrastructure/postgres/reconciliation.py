"""`billing.differences`."""

from collections.abc import Sequence
from typing import Final

from oslira_shared.postgres.clients import AdminClient

from oslira_billing.application.reconcile_invoices import Difference
from oslira_billing.infrastructure import audit

_KEEP: Final = """
    insert into billing.differences as kept (what, ref, detail, account_id)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::uuid[])
    on conflict (what, ref) do update
      set detail = excluded.detail, last_seen_at = now(), resolved_at = null,
          first_seen_at = case when kept.resolved_at is null then kept.first_seen_at else now() end
"""
_RESOLVE: Final = """
    update billing.differences d set resolved_at = now()
     where resolved_at is null
       and not exists (select from unnest($1::text[], $2::text[]) as f(what, ref) where (f.what, f.ref) = (d.what, d.ref))
"""


class PostgresReconciliation:
    """Implements Reconciliation."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def compare(self) -> tuple[int, Sequence[Difference]]:
        async with (
            self._database.connection() as connection,
            connection.transaction(isolation="repeatable_read"),
        ):
            return await audit.compared(connection), await audit.differences(connection)

    async def keep(self, differences: Sequence[Difference]) -> None:
        whats, refs = [one.what for one in differences], [one.ref for one in differences]
        async with self._database.transaction() as connection:
            details, accounts = [one.detail for one in differences], [one.account_id for one in differences]
            await connection.execute(_KEEP, whats, refs, details, accounts)
            await connection.execute(_RESOLVE, whats, refs)
