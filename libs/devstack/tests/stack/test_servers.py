"""Each server starts, rejects unknown users, keeps its data over a restart and leaves no process."""

import asyncio
from pathlib import Path

import asyncpg
import nats
import psutil
import pytest
from botocore.exceptions import ClientError
from oslira_devstack import reaper
from oslira_devstack.credentials import MIGRATOR, SUPERUSER, Credentials
from oslira_devstack.ports import is_free
from oslira_devstack.servers.nats import EmbeddedNats
from oslira_devstack.servers.postgres import EmbeddedPostgres
from oslira_devstack.servers.s3 import EmbeddedS3, s3_client


@pytest.fixture
def directory(scratch_dir: Path, request: pytest.FixtureRequest) -> Path:
    path = scratch_dir / request.node.name
    path.mkdir(mode=0o711)
    return path


def running_of(server: EmbeddedNats | EmbeddedPostgres | EmbeddedS3) -> list[psutil.Process]:
    command = server.child.command[-1]
    return [p for p in reaper.marked(reaper.stack_id()) if command in p.cmdline()]


def sockets_left(port: int) -> list[Path]:
    return list(Path("/tmp").glob(f"seaweedfs-*-{port}.sock"))  # noqa: S108  (where SeaweedFS puts them)


async def test_nats_keeps_its_streams_over_stop_and_kill(directory: Path) -> None:
    server = EmbeddedNats(directory / "nats", Credentials(), has_tester=True)
    await server.start()
    client = await nats.connect(server.url("tester"))
    await client.jetstream().add_stream(name="KEPT", subjects=["kept.>"])
    await client.jetstream().publish("kept.one", b"1")
    await client.close()
    await server.stop()
    assert running_of(server) == []
    await server.start()
    await server.kill()
    await server.start()
    client = await nats.connect(server.url("tester"))
    assert (await client.jetstream().stream_info("KEPT")).state.messages == 1
    await client.close()
    await server.stop()


async def test_wiped_nats_comes_back_empty_on_its_port(directory: Path) -> None:
    server = EmbeddedNats(directory / "nats", Credentials(), has_tester=True)
    await server.start()
    client = await nats.connect(server.url("tester"))
    await client.jetstream().add_stream(name="GONE", subjects=["gone.>"])
    await client.close()
    with pytest.raises(RuntimeError, match="stop NATS"):
        await server.wipe()
    await server.stop()
    await server.wipe()
    await server.start()
    client = await nats.connect(server.url("tester"))
    assert (await client.jetstream().account_info()).streams == 0
    await client.close()
    await server.kill()


async def test_nats_refuses_a_wrong_password(directory: Path) -> None:
    server = EmbeddedNats(directory / "nats", Credentials(), has_tester=True)
    await server.start()
    assert (directory / "nats" / "nats.conf").stat().st_mode & 0o777 == 0o600
    # By hand: the client library leaves its socket open when it is refused.
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b'CONNECT {"verbose":true,"user":"gateway","pass":"wrong"}\r\n')
    assert b"Authorization Violation" in await reader.read()
    writer.close()
    await writer.wait_closed()
    await server.kill()


async def test_postgres_keeps_its_rows_over_stop_and_kill(directory: Path) -> None:
    server = EmbeddedPostgres(directory / "postgres", Credentials())
    await server.start()
    connection = await asyncpg.connect(server.url(MIGRATOR))
    await connection.execute("create table kept (n int)")
    await connection.execute("insert into kept values (1)")
    await server.kill()
    assert running_of(server) == []
    connection.terminate()
    await server.start()
    connection = await asyncpg.connect(server.url(MIGRATOR))
    await connection.execute("insert into kept values (2)")
    # An open session does not keep the server from ending.
    await asyncio.wait_for(server.stop(), 5)
    connection.terminate()
    assert running_of(server) == []
    await server.start()
    connection = await asyncpg.connect(server.url(MIGRATOR))
    assert await connection.fetchval("select count(*) from kept") == 2
    await connection.close()
    await server.stop()


async def test_postgres_wants_a_password_from_everybody_and_its_migrator_is_no_superuser(
    directory: Path,
) -> None:
    server = EmbeddedPostgres(directory / "postgres", Credentials(), durable=False)
    await server.start()
    for role in (SUPERUSER, MIGRATOR):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(
                host="127.0.0.1", port=server.port, user=role, password="wrong", database="oslira"
            )
    connection = await asyncpg.connect(server.url(MIGRATOR))
    row = await connection.fetchrow(
        "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, pg_get_userbyid(datdba) = rolname as owns"
        " from pg_roles, pg_database where rolname = current_user and datname = 'oslira'"
    )
    assert row is not None
    assert tuple(row) == (False, False, True, True, True)
    await connection.close()
    await server.kill()


async def test_postgres_starts_over_a_pid_file_that_a_crash_left(directory: Path) -> None:
    server = EmbeddedPostgres(directory / "postgres", Credentials(), durable=False)
    await server.start()
    await server.kill()
    # The number may be a stranger's by now; Postgres by itself would refuse to start, or worse wait for it.
    stranger = psutil.Process().ppid()
    (server.directory / "postmaster.pid").write_text(f"{stranger}\n{server.directory}\n")
    await server.start()
    assert psutil.pid_exists(stranger)
    await server.kill()


async def test_s3_keeps_its_objects_over_kill_and_refuses_a_wrong_key(directory: Path) -> None:
    credentials = Credentials()
    server = EmbeddedS3(directory / "s3", credentials, bucket="kept")
    await server.start()
    client = s3_client(server.endpoint_url, credentials)
    await asyncio.to_thread(client.put_object, Bucket="kept", Key="a/b", Body=b"hello")
    await server.kill()
    assert running_of(server) == []
    await server.start()
    found = await asyncio.to_thread(client.get_object, Bucket="kept", Key="a/b")
    assert found["Body"].read() == b"hello"
    stranger = s3_client(server.endpoint_url, Credentials())
    with pytest.raises(ClientError, match=r"InvalidAccessKeyId|SignatureDoesNotMatch"):
        await asyncio.to_thread(stranger.list_objects_v2, Bucket="kept")
    client.close()
    stranger.close()
    await server.kill()
    assert is_free(server.port)
    assert sockets_left(server.port) == []
