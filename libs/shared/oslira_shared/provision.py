"""`python -m oslira_shared.provision`, before a roll-out: migrations, the services' passwords, the bus's topology, the bucket's rule.

Reads DATABASE_ADMIN_URL (with `<ROLE>_PASSWORD` for each login role whose password is to be set), NATS_URL (with the
scheduler's NATS_NKEY_SEED and, on a cluster, the scheduler's value of NATS_STREAM_REPLICAS), S3_BUCKET (with S3_ENDPOINT_URL
and boto's own variables for the keys): those that are set.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from typing import Final

from oslira_shared.bucket import bucket_client, expire_profiles
from oslira_shared.bus.login import Login
from oslira_shared.errors import OsliraError

EX_USAGE: Final = 2


async def provision(variables: Mapping[str, str]) -> list[str]:
    """Bring what the variables name up to date; returns one line for each. Idempotent, safe while services run."""
    done: list[str] = []
    if database_url := variables.get("DATABASE_ADMIN_URL"):
        from oslira_shared.postgres.migrate import SERVICE_ROLES, migrate  # noqa: PLC0415

        # A role without a variable keeps its password.
        given = {role: variables.get(f"{role.upper()}_PASSWORD") for role in SERVICE_ROLES}
        await migrate(database_url, {role: password for role, password in given.items() if password})
        done.append("database provisioned")
    if nats_url := variables.get("NATS_URL"):
        replicas = int(variables.get("NATS_STREAM_REPLICAS") or 1)
        await _bus(nats_url, Login.from_environment(variables), replicas)
        done.append("bus provisioned")
    if bucket := variables.get("S3_BUCKET"):
        await asyncio.to_thread(_bucket, bucket, variables.get("S3_ENDPOINT_URL") or None)
        done.append("bucket provisioned")
    return done


def _bucket(bucket: str, endpoint_url: str | None) -> None:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    client = bucket_client(endpoint_url)
    try:
        expire_profiles(client, bucket)
    except (BotoCoreError, ClientError) as error:
        raise OsliraError("unavailable", f"the bucket {bucket}'s lifecycle can't be set: {error}") from error
    finally:
        client.close()


async def _bus(url: str, login: Login, replicas: int) -> None:
    import nats  # noqa: PLC0415

    from oslira_shared.bus.permissions import PROVISIONER, inbox_of  # noqa: PLC0415
    from oslira_shared.bus.provision import provision_bus  # noqa: PLC0415

    connection = await nats.connect(url, inbox_prefix=inbox_of(PROVISIONER), **login.for_client(url))
    try:
        await provision_bus(connection.jetstream(), replicas=replicas)
    finally:
        await connection.close()


def main() -> int:
    """The exit status: 1 with the error, 2 if none of the variables is set."""
    try:
        done = asyncio.run(provision(os.environ))
    except OsliraError as error:
        print(f"provision: {error.detail}", file=sys.stderr)  # noqa: T201
        return 1
    if not done:
        print("provision: set DATABASE_ADMIN_URL, NATS_URL, S3_BUCKET or several", file=sys.stderr)  # noqa: T201
        return EX_USAGE
    for line in done:
        print(line)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
