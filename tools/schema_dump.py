"""Prints the schema that this checkout's migrations create: pg_dump's statements, sorted, separated by one blank line.

python tools/schema_dump.py [--data] > schema.sql

Two outputs are equal if tables, columns, constraints, indexes, functions, triggers, policies and privileges are; comments in
function bodies are removed. `--data` adds the rows that migrations insert. It uses a temporary server.
OSLIRA_SERVICES_DIR: the services of another checkout.
"""

import argparse
import asyncio
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from oslira_devstack.credentials import SUPERUSER, Credentials
from oslira_devstack.servers.postgres import EmbeddedPostgres, wheel_binaries
from oslira_shared.postgres.migrate import migrate

_DUMP_TIMEOUT_S: Final = 120
# What differs from one dump to the next: pg_dump's session settings and comments.
_NOISE: Final = re.compile(
    r"^(--.*|SET .*|SELECT pg_catalog\.set_config.*|\\(un)?restrict .*)$", re.MULTILINE
)
_GRANTS: Final = ("GRANT ", "REVOKE ")
# In function bodies: a comment is not the schema.
_COMMENT: Final = re.compile(r"[ \t]*--[^\n]*")
# pg_dump writes a comment before each object.
_OBJECT: Final = re.compile(r"^--\n-- (?:Data for )?Name: .*$", re.MULTILINE)


def normalised(dump: str) -> str:
    """The dump's objects without pg_dump's comments and settings, sorted, and an object's grants too."""
    parts = (
        re.sub(r"\n{2,}", "\n", _COMMENT.sub("", _NOISE.sub("", part))).strip()
        for part in _OBJECT.split(dump)[1:]
    )
    objects = ("\n".join(sorted(one.split("\n"))) if one.startswith(_GRANTS) else one for one in parts)
    return "\n\n".join(sorted(one for one in objects if one)) + "\n"


async def schema_of_checkout(directory: Path, *, has_data: bool) -> str:
    """Provision a server in `directory` and dump its database. Raises OsliraError when a migration fails."""
    credentials = Credentials()
    server = EmbeddedPostgres(directory / "postgres", credentials, durable=False)
    await server.start()
    try:
        await migrate(server.url("oslira_migrator"), credentials.service_passwords)
        return await asyncio.to_thread(dump, server.url(SUPERUSER), has_data=has_data)
    finally:
        await server.discard()


def dump(url: str, *, has_data: bool) -> str:
    """The database of `url`, which names a role that may read everything. Raises CalledProcessError when pg_dump fails."""
    content = ["--inserts"] if has_data else ["--schema-only"]
    done = subprocess.run(
        [str(wheel_binaries() / "pg_dump"), *content, "--exclude-schema=migrations", url],
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
        timeout=_DUMP_TIMEOUT_S,
    )
    return normalised(done.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Print the schema that the migrations make, normalised and sorted."
    )
    parser.add_argument("--data", action="store_true", help="with the rows that migrations insert")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="oslira-schema-") as directory:
        Path(directory).chmod(0o711)
        sys.stdout.write(asyncio.run(schema_of_checkout(Path(directory), has_data=chosen.data)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
