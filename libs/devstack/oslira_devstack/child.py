"""One child process: its own process group, its own log file, always ended."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from oslira_devstack import reaper

_POLL_S: Final = 0.02
_LOG_LIMIT_BYTES: Final = 10_000_000


class DidNotStart(Exception):  # noqa: N818
    """A child ended, or did not answer in time; the message ends with the last lines of its log."""


@dataclass(frozen=True, slots=True)
class OsUser:
    """Another user of this machine to run a child as; only root can."""

    uid: int
    gid: int


@dataclass(slots=True)
class Child:
    """A command that can be started, stopped, killed and started again. `env` is the whole environment, except the mark."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    log: Path
    cwd: Path | None = None
    user: OsUser | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def pid(self) -> int | None:
        """The running process's id; None while there is none."""
        return self._process.pid if self._process is not None and self.is_running else None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How it ended (negative: by that signal); None while it runs or was never started."""
        return self._process.poll() if self._process is not None else None

    def start(self) -> None:
        if self.is_running:
            raise RuntimeError(f"{self.name} is already running")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        _rotate(self.log)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                env={**self.env, **reaper.mark()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.cwd,
                start_new_session=True,  # Ctrl-C is for us; we stop it in our order
                user=self.user.uid if self.user else None,
                group=self.user.gid if self.user else None,
                extra_groups=[] if self.user else None,
            )

    async def stop(self, *, grace_s: float = 10.0, by: signal.Signals | None = None) -> None:
        """Ask it to end (`by` another signal than its usual one), wait up to `grace_s`, then SIGKILL.

        It has ended when this returns.
        """
        if self._process is None:
            return
        if self.is_running:
            self._process.send_signal(by or self.stop_signal)
            deadline = time.monotonic() + grace_s
            while self.is_running and time.monotonic() < deadline:  # noqa: ASYNC110  (an end sets no event)
                await asyncio.sleep(_POLL_S)
        await self.kill()

    async def kill(self) -> None:
        """SIGKILL to it and its process group, and wait until it has ended."""
        if self._process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        while self.is_running:  # noqa: ASYNC110
            await asyncio.sleep(_POLL_S)

    def last_lines(self, count: int = 15) -> str:
        """The end of its log."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 16_000))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-count:])


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))
