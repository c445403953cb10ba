"""`oslira provision`: migrations and the bus's topology, against the servers that the environment names."""

import asyncio
import os
import sys

import typer


def provision() -> None:
    """Bring DATABASE_ADMIN_URL's schemas and NATS_URL's streams up to date (whichever of the two is set)."""
    database_url, nats_url = os.environ.get("DATABASE_ADMIN_URL"), os.environ.get("NATS_URL")
    if not database_url and not nats_url:
        print("oslira provision: set DATABASE_ADMIN_URL, NATS_URL or both", file=sys.stderr)
        raise typer.Exit(2)
    asyncio.run(_provision(database_url, nats_url))


async def _provision(database_url: str | None, nats_url: str | None) -> None:
    if database_url:
        from oslira_shared.postgres.migrate import SERVICE_ROLES, migrate  # noqa: PLC0415

        # A role whose password isn't given keeps the one it has.
        given = {role: os.environ.get(f"{role.upper()}_PASSWORD") for role in SERVICE_ROLES}
        await migrate(database_url, {role: password for role, password in given.items() if password})
        print("database provisioned")
    if nats_url:
        import nats  # noqa: PLC0415
        from oslira_shared.bus.provision import provision_bus  # noqa: PLC0415

        connection = await nats.connect(nats_url)
        try:
            await provision_bus(connection.jetstream())
        finally:
            await connection.close()
        print("bus provisioned")
