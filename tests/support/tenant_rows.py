"""A checksum of an account's rows, table by table."""

import asyncio
import time
from collections.abc import Mapping, Sequence

import asyncpg

_TABLES = """
select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attname = any(array['account_id', 'id']) and not a.attisdropped
 where c.relkind = 'r' and (a.attname = 'account_id' or c.oid = 'identity.accounts'::regclass)
   and n.nspname = any(array['identity', 'analysis', 'credits', 'billing'])
 order by 1
"""


async def checksums(connection: asyncpg.Connection, account_id: str) -> Mapping[str, str]:
    """By table, its number of rows and their hash. `connection` must not be limited by row-level security."""
    found: dict[str, str] = {}
    for (table,) in await connection.fetch(_TABLES):
        column = "id" if table == "identity.accounts" else "account_id"
        found[table] = await connection.fetchval(
            f"select count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' order by t::text)), '') "
            f"from {table} t where {column} = $1::uuid",
            account_id,
        )
    return found


_AT_WORK = """
select exists (select from analysis.runs where account_id = any($1::uuid[]) and settled_at is null)
    or exists (select from analysis.bulks where account_id = any($1::uuid[]) and settled_at is null)
    or exists (select from identity.webhook_deliveries where account_id = any($1::uuid[]) and state = 'pending')
"""


async def settled(connection: asyncpg.Connection, accounts: Sequence[str], *, quiet_s: float) -> None:
    """Waits until these accounts have no active work and nothing has changed for `quiet_s`. Raises TimeoutError."""
    deadline, since, last = time.monotonic() + 60, time.monotonic(), None
    while True:
        now = [await checksums(connection, one) for one in accounts] if quiet_s else None
        if now != last or await connection.fetchval(_AT_WORK, list(accounts)):
            since, last = time.monotonic(), now
        elif time.monotonic() - since >= quiet_s:
            return
        if time.monotonic() > deadline:
            raise TimeoutError("the accounts' own work doesn't end")
        await asyncio.sleep(0.2)
