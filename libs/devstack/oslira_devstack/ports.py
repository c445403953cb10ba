"""Free ports, and who holds a busy one."""

import fcntl
import os
import random
import shlex
import socket
from contextlib import suppress
from functools import cache
from typing import Final

import psutil

from oslira_devstack.servers.unprivileged import COMMON_GROUND

# Below the range of outgoing connections (Linux from 32768, macOS from 49152): a server that is stopped for
# a while must find its port free when it starts again.
_RANGE: Final = range(20_000, 32_000)
_LAST: Final = 32_767
_handed_out: set[int] = set()


class BusyPort(Exception):  # noqa: N818  (the name says what is so, as the other refusals here do)
    """A requested port is in use; the message names the process and says what to do next."""

    def __init__(self, port: int, *, wanted_by: str, hint: str) -> None:
        super().__init__(f"port {port} ({wanted_by}) is taken by {holder_of(port)}: {hint}")
        self.port = port


def free_port() -> int:
    """A free port on 127.0.0.1. No other call returns it while this process lives, in any process of this user."""
    for port in random.sample(_RANGE, k=1_000):
        if _take(port):
            return port
    raise RuntimeError(f"no free port between {_RANGE.start} and {_RANGE.stop}")


def free_pair(distance: int) -> tuple[int, int]:
    """Two free ports that far apart, for a server that computes the second one from the first."""
    while True:
        first = free_port()
        if first + distance <= _LAST and _take(first + distance):
            return first, first + distance


def _take(port: int) -> bool:
    """Tests start servers in several processes at once, and from choice to start seconds pass."""
    if port in _handed_out or not is_free(port):
        return False
    try:
        # The byte with the port's number in one file: the kernel releases the lock when this process ends, in any way.
        fcntl.lockf(_locks(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    _handed_out.add(port)
    return True


@cache
def _locks() -> int:
    """Open until we end: closing it, even a second descriptor, would release every lock."""
    path = COMMON_GROUND / f"oslira-ports-{os.getuid()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Servers set this too; without it a port in TIME_WAIT would count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        # macOS lets a second socket bind next to one that is bound to all addresses: also try to connect.
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as caller:
            caller.settimeout(0.2)
            return caller.connect_ex(("127.0.0.1", port)) != 0


def require_free(port: int, *, wanted_by: str, hint: str) -> int:
    """`port` itself. Raises BusyPort, which names the holder; `hint` says what the reader can do."""
    if not is_free(port):
        raise BusyPort(port, wanted_by=wanted_by, hint=hint)
    return port


def free_or_other(port: int) -> int:
    """`port` if it is free, else any free one: for ports that no user has to type."""
    return port if is_free(port) else free_port()


def holder_of(port: int) -> str:
    """The process that listens on `port`, as `name (pid 123: command)`; as much as this user may know."""
    for process in psutil.process_iter(["name"]):
        with suppress(psutil.Error):
            if any(
                c.laddr and c.laddr.port == port and c.status == psutil.CONN_LISTEN
                for c in process.net_connections(kind="tcp")
            ):
                command = shlex.join(process.cmdline())
                return f"{process.name()} (pid {process.pid}: {command[:120]})"
    return "another user's process"
