"""`python -m oslira_shared.provision`, before a roll-out: migrations, the services' passwords, the bus's topology, the bucket's rule.

Reads ProvisionSettings: the database, the bus and the bucket, those that are set. Ends with 78 and one line where a setting is
wrong, 75 where a server is away, 1 where a migration fails, 2 where nothing is set.
"""

import asyncio
import logging
import sys
from typing import Final

from oslira_shared.bucket import BucketAccess, bucket_client, expire_profiles
from oslira_shared.bus.login import Login
from oslira_shared.deadline import within
from oslira_shared.errors import OsliraError
from oslira_shared.settings import EX_CONFIG, EX_TEMPFAIL, load_settings
from oslira_shared.settings.provision import ProvisionSettings

EX_USAGE: Final = 2
# For a bus whose servers are all reachable, and for one that is being restarted.
_CONNECT_S: Final = 15.0
_BUS_S: Final = 120.0
# Of S3: the keys, or what they may do; waiting does not help.
_BUCKET_REFUSALS: Final = frozenset(
    {"InvalidAccessKeyId", "SignatureDoesNotMatch", "NoSuchBucket", "AccessDenied", "403", "404"}
)


class WrongSetting(Exception):  # noqa: N818
    """A server rejects what a setting says. The message begins with the setting's name."""


async def provision(settings: ProvisionSettings) -> list[str]:
    """Bring what the settings name up to date; returns one line for each. Idempotent, safe while services run.

    Raises WrongSetting, and OsliraError: `unavailable` where a server is away, `internal` where a migration fails.
    """
    done: list[str] = []
    if settings.admin_address is not None:
        await _database(settings, settings.admin_address)
        done.append("database provisioned")
    if settings.nats_url is not None:
        url = settings.nats_url.get_secret_value()
        await within(_BUS_S, _bus(url, settings.bus_login, settings.stream_replicas), call="provision_bus")
        done.append("bus provisioned")
    if settings.s3_bucket is not None:
        await asyncio.to_thread(_bucket, settings.s3_bucket, settings.s3_endpoint_url, settings.bucket_access)
        done.append("bucket provisioned")
    return done


async def _database(settings: ProvisionSettings, address: str) -> None:
    import asyncpg  # noqa: PLC0415

    from oslira_shared.postgres.migrate import LOGIN_ROLES, migrate  # noqa: PLC0415
    from oslira_shared.postgres.refusals import connection_fault  # noqa: PLC0415

    given = {role: settings.password_of(role) for role in LOGIN_ROLES}
    try:
        await migrate(address, {role: password for role, password in given.items() if password})
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if (fault := connection_fault(error)) is not None:
            raise WrongSetting(f"DATABASE_ADMIN_URL: {fault}") from error
        raise OsliraError("unavailable", f"DATABASE_ADMIN_URL: {_reason(error)}") from error


def _bucket(bucket: str, endpoint_url: str | None, access: BucketAccess) -> None:
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError  # noqa: PLC0415

    try:
        client = bucket_client(endpoint_url, access)
        try:
            expire_profiles(client, bucket)
        finally:
            client.close()
    except NoCredentialsError as error:
        raise WrongSetting(
            "AWS_ACCESS_KEY_ID is missing, and the pod has no role: the bucket needs one"
        ) from error
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _BUCKET_REFUSALS:
            raise WrongSetting(f"S3_BUCKET: its lifecycle can't be set: {code}") from error
        raise OsliraError(
            "unavailable", f"S3_BUCKET: its lifecycle can't be set: {_reason(error)}"
        ) from error
    except BotoCoreError as error:
        raise OsliraError(
            "unavailable", f"S3_BUCKET: its lifecycle can't be set: {_reason(error)}"
        ) from error


async def _bus(url: str, login: Login, replicas: int) -> None:
    import nats  # noqa: PLC0415
    from nats.errors import Error as NatsError  # noqa: PLC0415

    from oslira_shared.bus.first_connection import certificate_fault  # noqa: PLC0415
    from oslira_shared.bus.identity import is_login_rejected  # noqa: PLC0415
    from oslira_shared.bus.permissions import PROVISIONER, inbox_of  # noqa: PLC0415
    from oslira_shared.bus.provision import provision_bus  # noqa: PLC0415

    errors: list[Exception] = []

    async def note(error: Exception) -> None:
        errors.append(error)

    connecting = nats.connect(
        url,
        inbox_prefix=inbox_of(PROVISIONER),
        # It tries a server again in spite of this, until its own limit or ours.
        allow_reconnect=False,
        max_reconnect_attempts=2,
        reconnect_time_wait=1,
        error_cb=note,
        **login.for_client(url),
    )
    try:
        connection = await within(_CONNECT_S, connecting, call="provision_connect")
    except (NatsError, OSError) as error:
        for one in (*errors, error):
            if (fault := certificate_fault(one)) is not None:
                raise WrongSetting(fault) from error
            if is_login_rejected(one):
                raise WrongSetting("NATS_NKEY_SEED: the bus does not know this login") from error
        raise OsliraError("unavailable", f"NATS_URL: {_reason(errors[-1] if errors else error)}") from error
    try:
        await provision_bus(connection.jetstream(), replicas=replicas)
    except NatsError as error:
        denied = next((str(one) for one in errors if "permissions violation" in str(one).lower()), None)
        if denied is not None:
            raise WrongSetting("NATS_NKEY_SEED: this login may not change the bus's topology") from error
        raise OsliraError("internal", f"the bus's topology could not be set: {_reason(error)}") from error
    finally:
        await connection.close()


def _reason(error: BaseException) -> str:
    return " ".join((str(error) or type(error).__name__).split())


def main() -> int:
    """The exit status; see the module."""
    settings = load_settings(ProvisionSettings)
    # nats-py's way to close a connection with TLS is worth a warning there, and nothing here.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    try:
        done = asyncio.run(provision(settings))
    except WrongSetting as error:
        print(f"provision: {error}", file=sys.stderr)  # noqa: T201
        return EX_CONFIG
    except OsliraError as error:
        print(f"provision: {error.detail}", file=sys.stderr)  # noqa: T201
        return EX_TEMPFAIL if error.code == "unavailable" else 1
    except TimeoutError as error:
        print(f"provision: {_reason(error)}", file=sys.stderr)  # noqa: T201
        return EX_TEMPFAIL
    if not done:
        print("provision: set DATABASE_ADMIN_URL, NATS_URL, S3_BUCKET or several", file=sys.stderr)  # noqa: T201
        return EX_USAGE
    for line in done:
        print(line)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
