"""The audit's look, and `credits.differences`."""

from collections.abc import Sequence
from typing import Final

from oslira_shared.postgres.clients import AdminClient

from oslira_credits.domain.difference import Difference
from oslira_credits.infrastructure.audit import ledger_differences

_KEEP: Final = """
    insert into credits.differences as kept (what, id, detail)
    select * from unnest($1::text[], $2::text[], $3::text[])
    on conflict (what, id) do update
      set detail = excluded.detail, last_seen_at = now(), resolved_at = null,
          first_seen_at = case when kept.resolved_at is null then kept.first_seen_at else now() end
"""
_RESOLVE: Final = """
    update credits.differences d set resolved_at = now()
     where resolved_at is null
       and not exists (select from unnest($1::text[], $2::text[]) as f(what, id) where (f.what, f.id) = (d.what, d.id))
"""


class PostgresAuditStore:
    """Implements AuditStore."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def differences(self, *, settling_s: float) -> Sequence[Difference]:
        async with self._database.connection() as connection:
            return await ledger_differences(connection, settling_s=settling_s)

    async def keep(self, differences: Sequence[Difference]) -> None:
        found = {(one.what, one.id): one.detail for one in differences}
        whats, ids = [what for what, _ in found], [id_ for _, id_ in found]
        async with self._database.transaction() as connection:
            await connection.execute(_KEEP, whats, ids, list(found.values()))
            await connection.execute(_RESOLVE, whats, ids)
