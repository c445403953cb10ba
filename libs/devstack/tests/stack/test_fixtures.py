"""What other packages' tests rely on: fresh databases with working roles, an empty bucket, one server a session."""

import asyncio

import asyncpg
import pytest
from oslira_devstack.credentials import SERVICE_ROLES, SUPERUSER, Credentials
from oslira_devstack.databases import Database, fresh_database
from oslira_devstack.servers.contract import S3, Postgres
from oslira_devstack.servers.first_role import DATABASE
from oslira_devstack.servers.s3 import s3_client
from oslira_devstack.testing import Bucket


async def test_every_service_logs_in_to_a_fresh_database_and_the_migrator_is_no_superuser(
    database: Database,
) -> None:
    for role in SERVICE_ROLES:
        connection = await asyncpg.connect(database.url(role))
        assert await connection.fetchval("select current_user") == role
        assert not await connection.fetchval("select rolsuper from pg_roles where rolname = current_user")
        await connection.close()
    connection = await asyncpg.connect(database.admin_url)
    owned = await connection.fetchval(
        "select count(*) from pg_class c join pg_roles r on r.oid = c.relowner"
        " join pg_namespace n on n.oid = c.relnamespace where r.rolsuper and n.nspname !~ '^(pg_|information_schema)'"
    )
    assert owned == 0
    await connection.close()


async def test_what_one_test_writes_no_other_sees(migrated: Postgres) -> None:
    async with fresh_database(migrated, template=DATABASE) as first:
        connection = await asyncpg.connect(first.admin_url)
        await connection.execute("create schema mine")
        # As autovacuum: the migrator may not terminate it.
        superuser = await asyncpg.connect(first.url(SUPERUSER))
        async with fresh_database(migrated, template=DATABASE) as second:
            other = await asyncpg.connect(second.admin_url)
            assert not await other.fetchval("select to_regnamespace('mine') is not null")
            await other.close()
    # Dropped although somebody was still connected.
    for left in (connection, superuser):
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await left.execute("select 1")
        left.terminate()


async def test_bucket_is_empty_and_writable(bucket: Bucket, s3_server: S3, credentials: Credentials) -> None:
    assert bucket.endpoint_url == s3_server.endpoint_url
    client = await asyncio.to_thread(s3_client, bucket.endpoint_url, credentials)
    assert (await asyncio.to_thread(client.list_objects_v2, Bucket=bucket.name))["KeyCount"] == 0
    await asyncio.to_thread(client.put_object, Bucket=bucket.name, Key="a", Body=b"1")
    client.close()
