"""Fresh databases for tests: copies of one that is migrated once."""

import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg

from oslira_devstack.credentials import MIGRATOR, SERVICE_ROLES
from oslira_devstack.servers.contract import Postgres


@dataclass(frozen=True, slots=True)
class Database:
    """A database of its own, migrated; roles and their passwords are the server's."""

    postgres: Postgres
    name: str = field(default_factory=lambda: f"test_{uuid.uuid4().hex[:12]}")

    def url(self, role: str) -> str:
        """With that login role's password, such as `analysis_service`."""
        return self.postgres.url(role, database=self.name)

    @property
    def admin_url(self) -> str:
        """As the migrator: owns the database, makes roles, is no superuser."""
        return self.url(MIGRATOR)


@asynccontextmanager
async def fresh_database(postgres: Postgres, *, template: str) -> AsyncGenerator[Database]:
    """A copy of `template` (nobody may be connected to it), dropped at the end even if somebody still is."""
    database = Database(postgres)
    connection = await asyncpg.connect(postgres.url(MIGRATOR, database="postgres"))
    try:
        await connection.execute(f'create database "{database.name}" template "{template}"')
        # A copy has the template's objects and rights within, but not the rights on the database itself.
        await connection.execute(f'revoke all on database "{database.name}" from public')
        await connection.execute(
            f'grant connect on database "{database.name}" to {", ".join(SERVICE_ROLES)}',
        )
        yield database
    finally:
        await connection.execute(f'drop database if exists "{database.name}" with (force)')
        await connection.close()
