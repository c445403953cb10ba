"""Fresh databases for tests: copies of one that is migrated once."""

import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
from oslira_shared.postgres.clients import Connection

from oslira_devstack.credentials import LOGIN_ROLES, MIGRATOR, SUPERUSER
from oslira_devstack.servers.contract import Postgres


@dataclass(frozen=True, slots=True)
class Database:
    """A separate migrated database; roles and their passwords are the server's."""

    postgres: Postgres
    name: str = field(default_factory=lambda: f"test_{uuid.uuid4().hex[:12]}")

    def url(self, role: str) -> str:
        """With that login role's password, such as `analysis_service`."""
        return self.postgres.url(role, database=self.name)

    @property
    def admin_url(self) -> str:
        """As the migrator: owns the database, makes roles, is not a superuser."""
        return self.url(MIGRATOR)


@asynccontextmanager
async def fresh_database(postgres: Postgres, *, template: str) -> AsyncGenerator[Database]:
    """A copy of `template` (without connections), dropped at the end even with open connections."""
    database = Database(postgres)
    async with _connected(postgres, MIGRATOR) as migrator:
        await migrator.execute(f'create database "{database.name}" template "{template}" strategy file_copy')
        try:
            # A copy has the template's objects and rights within, but not the rights on the database itself.
            await migrator.execute(f'revoke all on database "{database.name}" from public')
            await migrator.execute(
                f'grant connect on database "{database.name}" to {", ".join(LOGIN_ROLES)}',
            )
            yield database
        finally:
            # Autovacuum may be active in it, and the migrator may not terminate it.
            async with _connected(postgres, SUPERUSER) as superuser:
                await superuser.execute(f'drop database if exists "{database.name}" with (force)')


@asynccontextmanager
async def _connected(postgres: Postgres, role: str) -> AsyncGenerator[Connection]:
    connection = await asyncpg.connect(postgres.url(role, database="postgres"))
    try:
        yield connection
    finally:
        await connection.close()
