"""Where a stack keeps its data, and the lock that allows one stack at a time there."""

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import psutil

from oslira_devstack import credentials, reaper
from oslira_devstack.credentials import Credentials

# Clocks are corrected, and the start of a process is computed from the system's.
_SAME_START_S: Final = 2.0


class StackIsRunning(Exception):  # noqa: N818
    """Another stack holds this data directory."""


def default_path() -> Path:
    """OSLIRA_DATA_DIR, or .oslira in the current directory."""
    return Path(os.environ.get("OSLIRA_DATA_DIR") or ".oslira").absolute()


@dataclass(frozen=True, slots=True)
class DataDirectory:
    path: Path

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    def credentials(self) -> Credentials:
        return credentials.load_or_make(self.path / "secrets.json")

    @property
    def state_file(self) -> Path:
        return self.path / "stack.json"

    def write_state(self, state: dict[str, Any]) -> None:
        """What runs where (no secrets), for `oslira` commands in other terminals, with the stack's own process."""
        credentials.write_whole(self.state_file, json.dumps({**state, **_this_process()}, indent=2))

    def forget_state(self) -> None:
        """Nothing runs any more, or not yet."""
        self.state_file.unlink(missing_ok=True)

    def read_state(self) -> dict[str, Any] | None:
        """What the running stack wrote; None when none runs here.

        A file that a killed stack left is not believed: its process is gone, or another one has its id by now.
        """
        try:
            state: dict[str, Any] = json.loads(self.state_file.read_text())
            holder = psutil.Process(state["pid"])
            is_its_own = abs(holder.create_time() - state["started_at"]) < _SAME_START_S
        except (OSError, ValueError, KeyError, TypeError, psutil.Error):
            return None
        return state if is_its_own and holder.status() != psutil.STATUS_ZOMBIE else None

    def holder_pid(self) -> int | None:
        """The process that runs a stack here; None when none does."""
        if not self.path.exists():
            return None
        lock = Lock(self.path)
        try:
            with lock:
                return None
        except StackIsRunning:
            pid = lock.holder().get("pid")
        return pid if isinstance(pid, int) else None


def _this_process() -> dict[str, float]:
    return {"pid": os.getpid(), "started_at": psutil.Process().create_time()}


class Lock:
    """Held from enter to exit, and dropped by the kernel if its holder dies, so a stale one is simply free.

    Entering raises StackIsRunning, with the holder's pid. After `take_over` nothing of an earlier stack runs.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._path = directory / "stack.lock"
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        self._directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise StackIsRunning(
                f"a stack already runs on {self._directory} (pid {self.holder().get('pid', '?')}): "
                "stop it, or set OSLIRA_DATA_DIR to another folder"
            ) from None
        self._descriptor = descriptor
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def take_over(self) -> list[str]:
        """End what an earlier, killed stack left running here (returns the names), and write our own mark."""
        earlier = self.holder().get("stack_id")
        ended = reaper.end_marked(earlier) if earlier and earlier != reaper.stack_id() else []
        self._path.write_text(json.dumps({"pid": os.getpid(), "stack_id": reaper.stack_id()}))
        return ended

    def holder(self) -> dict[str, Any]:
        """What its holder wrote: `pid` and `stack_id`; of the last one, if it is free."""
        try:
            return json.loads(self._path.read_text())
        except (OSError, json.JSONDecodeError):
            return {}
