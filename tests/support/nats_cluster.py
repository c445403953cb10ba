"""Three NATS servers as one cluster, each on a small volume of its own that a test can fill.

The volumes are tmpfs in a mount namespace that a sleeping process holds, so nothing stays mounted when it ends; without root
a user namespace is needed too. Servers are kept as Kubernetes keeps them: one whose JetStream is disabled is started again.
"""

import asyncio
import json
import os
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from oslira_devstack.child import Child
from oslira_devstack.credentials import Credentials
from oslira_devstack.ports import free_port
from oslira_devstack.readiness import wait_ready
from oslira_devstack.servers.binaries import server_environment, wheel_binary
from oslira_devstack.servers.nats import nats_config, nats_greets

SERVERS: Final = 3
_VOLUME_MIB: Final = 48
_BLOCK: Final = b"\0" * 65_536
# What the server believes it may use: its volume is smaller, and is full first.
_STORE_BYTES: Final = 4 * 1024**3
_LOOK_EVERY_S: Final = 2.0
_FAILURES_UNTIL_RESTART: Final = 3


@dataclass
class Member:
    """One server of the cluster."""

    port: int
    route: int
    monitor: int
    child: Child
    volume: Path
    failures: int = 0


@dataclass
class NatsCluster:
    """In the place of a single server (servers/contract.py: Nats). Clients know the last one, and learn of the others."""

    directory: Path
    credentials: Credentials
    name: str = "nats"
    ca_file: Path | None = None
    members: list[Member] = field(default_factory=list[Member])
    restarts: int = 0
    _holder: "subprocess.Popen[bytes] | None" = None
    _keeper: "asyncio.Task[None] | None" = None

    @property
    def port(self) -> int:
        return self.members[-1].port

    @property
    def address(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        return self.members[-1].child.pid

    def url(self, user: str) -> str:
        return f"nats://{user}:{self.credentials.nats[user]}@127.0.0.1:{self.port}"

    def log_text(self) -> str:
        return "\n".join(one.child.log.read_text(errors="replace") for one in self.members)

    async def start(self) -> None:
        await asyncio.to_thread(self._mount)
        ports = [(free_port(), free_port(), free_port()) for _ in range(SERVERS)]
        routes = [route for _, route, _ in ports]
        for number, (port, route, monitor) in enumerate(ports):
            self.members.append(self._member(number, port, route, monitor, routes))
        for member in self.members:
            member.child.start()
        for member in self.members:
            await wait_ready(member.child, lambda member=member: nats_greets(member.port))
        await self._meta_leader()
        self._keeper = asyncio.create_task(self._keep(), name="nats-keeper")

    async def stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
        await asyncio.gather(*(member.child.kill() for member in self.members))
        if self._holder is not None:
            self._holder.kill()
            self._holder.communicate()

    async def kill(self) -> None:
        await self.stop()

    async def discard(self) -> None:
        await self.stop()

    async def wipe(self) -> None:
        """The volumes vanished with the process that held them."""
        if any(member.child.is_running for member in self.members):
            raise RuntimeError("stop the cluster before wiping its data")
        self.members.clear()

    def fill(self, number: int) -> None:
        """Until the volume of this server has no space left."""
        with suppress(OSError), self._seen(number).joinpath("filler").open("wb", buffering=0) as file:
            while True:
                file.write(_BLOCK)

    def free(self, number: int) -> None:
        """There is space again. A server that ran out of it has to be started again, which happens within seconds."""
        self._seen(number).joinpath("filler").unlink()

    def _seen(self, number: int) -> Path:
        """The volume, as it is seen outside of the namespace."""
        assert self._holder is not None
        return Path(f"/proc/{self._holder.pid}/root{self.members[number].volume}")

    def _mount(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        volumes = [self.directory / f"volume-{number}" for number in range(SERVERS)]
        for volume in volumes:
            volume.mkdir(exist_ok=True)
        mounts = " && ".join(f"mount -t tmpfs -o size={_VOLUME_MIB}m tmpfs '{one}'" for one in volumes)
        user = [] if os.getuid() == 0 else ["--map-root-user"]
        self._holder = subprocess.Popen(
            ["unshare", "--mount", *user, "sh", "-c", f"{mounts} && echo mounted && exec sleep 100000"],
            stdout=subprocess.PIPE,
        )
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != b"mounted\n":
            raise RuntimeError("this machine allows no mount namespace: the volumes can't be made")

    def _member(self, number: int, port: int, route: int, monitor: int, routes: list[int]) -> Member:
        volume = self.directory / f"volume-{number}"
        config: dict[str, Any] = json.loads(
            nats_config(
                self.credentials, listen=f"127.0.0.1:{port}", store=str(volume / "jetstream"), has_tester=True
            )
        )
        config["server_name"] = f"n{number}"
        config["http"] = f"127.0.0.1:{monitor}"
        config["jetstream"]["max_file_store"] = _STORE_BYTES
        config["cluster"] = {
            "name": "oslira",
            "listen": f"127.0.0.1:{route}",
            "routes": [f"nats://127.0.0.1:{one}" for one in routes],
        }
        path = self.directory / f"nats-{number}.conf"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(config, file)
        assert self._holder is not None
        user = [] if os.getuid() == 0 else ["--user", "--preserve-credentials"]
        command = ["nsenter", f"--target={self._holder.pid}", "--mount", *user]
        child = Child(
            name=f"nats-{number}",
            command=[*command, wheel_binary("nats-server"), "-c", str(path)],
            env=server_environment(),
            log=self.directory / f"nats-{number}.log",
        )
        return Member(port, route, monitor, child, volume)

    async def _meta_leader(self) -> None:
        async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(30):
            while not await _is_enabled(http, self.members[-1].monitor):
                await asyncio.sleep(0.1)

    async def _keep(self) -> None:
        """As the kubelet does with the chart's liveness probe."""
        async with httpx.AsyncClient(trust_env=False, timeout=2.0) as http:
            while True:
                await asyncio.sleep(_LOOK_EVERY_S)
                for member in self.members:
                    is_well = member.child.is_running and await _is_enabled(http, member.monitor)
                    member.failures = 0 if is_well else member.failures + 1
                    if member.failures >= _FAILURES_UNTIL_RESTART:
                        member.failures = 0
                        self.restarts += 1
                        await member.child.kill()
                        member.child.start()


async def _is_enabled(http: httpx.AsyncClient, monitor: int) -> bool:
    with suppress(httpx.HTTPError):
        return (await http.get(f"http://127.0.0.1:{monitor}/healthz?js-enabled-only=true")).is_success
    return False
