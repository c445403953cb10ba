"""The one thing that is done as superuser: making the database and the role that owns it."""

from typing import Final

import asyncpg

from oslira_devstack.credentials import MIGRATOR, Credentials

DATABASE: Final = "oslira"


async def superuser_connects(url: str) -> bool:
    """Whether the server takes connections. Raises on a wrong password: waiting longer won't help then."""
    try:
        connection = await asyncpg.connect(url, timeout=2)
    except (OSError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
        return False
    await connection.close()
    return True


async def make_database_and_migrator(url: str, credentials: Credentials) -> None:
    """Idempotent. The migrator makes roles and databases and owns `oslira`; it is not a superuser and bypasses no policy."""
    connection = await asyncpg.connect(url)
    try:
        exists = await connection.fetchval(
            "select exists (select from pg_roles where rolname = $1)", MIGRATOR
        )
        # A password can't be a parameter of a role statement; format() quotes it.
        statement = await connection.fetchval(
            "select format('%s role %I login createrole createdb nosuperuser nobypassrls password %L',"
            " $1::text, $2::text, $3::text)",
            "alter" if exists else "create",
            MIGRATOR,
            credentials.postgres[MIGRATOR],
        )
        await connection.execute(statement)
        # On-call's login gets these roles from the migrator.
        await connection.execute(
            f"grant pg_monitor, pg_signal_backend to {MIGRATOR} with admin option, inherit false"
        )
        if not await connection.fetchval(
            "select exists (select from pg_database where datname = $1)", DATABASE
        ):
            await connection.execute(f'create database "{DATABASE}" owner "{MIGRATOR}"')
    finally:
        await connection.close()
