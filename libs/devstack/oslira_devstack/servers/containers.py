"""The three servers as containers, for tests where Docker runs (OSLIRA_TEST_SERVERS=containers).

Each binds one host port for its whole life, so that stop, kill and start behave as the wheels' servers do.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

# Our fixtures remove what they start; the reaper would be one more image to fetch.
os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")

from testcontainers.core.container import DockerContainer

from oslira_devstack.child import DidNotStart
from oslira_devstack.credentials import SUPERUSER, Credentials
from oslira_devstack.ports import free_port
from oslira_devstack.servers.first_role import make_database_and_migrator, superuser_connects
from oslira_devstack.servers.nats import nats_config, nats_greets
from oslira_devstack.servers.s3 import bucket_probe

_START_TIMEOUT_S: Final = 60.0
_POLL_S: Final = 0.1


class _Container:
    """One container, made at the first start and kept over stop and kill until it is discarded."""

    def __init__(self, name: str, container: DockerContainer, *, inner_port: int) -> None:
        self.name = name
        self.port = free_port()
        self.container = container.with_bind_ports(inner_port, self.port)
        self._is_made = False

    async def start(self) -> None:
        if self._is_made:
            await asyncio.to_thread(self.container.get_wrapped_container().start)
        else:
            await asyncio.to_thread(self.container.start)
            self._is_made = True

    async def stop(self) -> None:
        await asyncio.to_thread(self.container.get_wrapped_container().stop, timeout=10)

    async def kill(self) -> None:
        await asyncio.to_thread(self.container.get_wrapped_container().kill)

    async def discard(self) -> None:
        if self._is_made:
            await asyncio.to_thread(self.container.stop)
            self._is_made = False

    @property
    def pid(self) -> int | None:
        if not self._is_made:
            return None
        made = self.container.get_wrapped_container()
        made.reload()
        return made.attrs["State"]["Pid"] or None

    def log_text(self) -> str:
        return b"".join(self.container.get_logs()).decode(errors="replace")

    async def wait_ready(self, answers: Callable[[], Awaitable[bool]]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_START_TIMEOUT_S):
                while not await answers():  # noqa: ASYNC110  (a server sets no event)
                    await asyncio.sleep(_POLL_S)
                return
        ending = (await asyncio.to_thread(self.log_text))[-2_000:]
        raise DidNotStart(
            f"{self.name} did not answer within {_START_TIMEOUT_S:.0f} s; its log ends:\n{ending}"
        )


class ContainerNats(_Container):
    def __init__(self, credentials: Credentials, *, config: Path) -> None:
        config.parent.mkdir(parents=True, exist_ok=True)
        config.touch(mode=0o600)  # it holds passwords
        config.write_text(nats_config(credentials, listen="0.0.0.0:4222", store="/data", has_tester=True))
        container = (
            DockerContainer("nats:2.15-alpine")
            .with_volume_mapping(config, "/etc/oslira.conf")
            .with_command(["-c", "/etc/oslira.conf"])
        )
        super().__init__("nats", container, inner_port=4222)
        self._credentials = credentials

    @property
    def ca_file(self) -> Path | None:
        return None

    @property
    def address(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def url(self, user: str) -> str:
        return f"nats://{user}:{self._credentials.nats[user]}@127.0.0.1:{self.port}"

    async def start(self) -> None:
        await super().start()
        await self.wait_ready(lambda: nats_greets(self.port))

    async def wipe(self) -> None:
        """A new container on the same port, at the next start."""
        await self.discard()


class ContainerPostgres(_Container):
    def __init__(self, credentials: Credentials) -> None:
        container = (
            DockerContainer("postgres:18")
            .with_envs(
                POSTGRES_USER=SUPERUSER,
                POSTGRES_PASSWORD=credentials.postgres[SUPERUSER],
                POSTGRES_DB="postgres",
            )
            .with_command(["-c", "max_connections=300", "-c", "fsync=off", "-c", "log_error_verbosity=terse"])
        )
        super().__init__("postgres", container, inner_port=5432)
        self._credentials = credentials
        self.location = "in its container"
        self.options = ""

    def url(self, role: str, *, database: str = "oslira") -> str:
        return f"postgresql://{role}:{self._credentials.postgres[role]}@127.0.0.1:{self.port}/{database}"

    async def start(self) -> None:
        await super().start()
        superuser = self.url(SUPERUSER, database="postgres")
        await self.wait_ready(lambda: superuser_connects(superuser))
        await make_database_and_migrator(superuser, self._credentials)


class ContainerS3(_Container):
    def __init__(self, credentials: Credentials, *, bucket: str) -> None:
        container = (
            DockerContainer("chrislusf/seaweedfs:4.48")
            .with_envs(
                AWS_ACCESS_KEY_ID=credentials.s3_access_key, AWS_SECRET_ACCESS_KEY=credentials.s3_secret_key
            )
            .with_command(
                [
                    "mini",
                    "-dir=/data",
                    "-ip=127.0.0.1",
                    "-ip.bind=0.0.0.0",
                    "-s3.port=8333",
                    "-admin.ui=false",
                    "-webdav=false",
                    "-master.telemetry=false",
                    f"-bucket={bucket}",
                ]
            )
        )
        super().__init__("s3", container, inner_port=8333)
        self._credentials = credentials
        self.bucket = bucket

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        await super().start()
        await self.wait_ready(await bucket_probe(self.endpoint_url, self.bucket, self._credentials))
