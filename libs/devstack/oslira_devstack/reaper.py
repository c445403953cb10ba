"""Stops all children of this process, however it ends.

Every child has OSLIRA_STACK_ID in its environment. The reaper is a small process in a session of its own that reads from a
pipe; when the pipe closes (a clean stop, a crash, SIGKILL) it stops every process with that id, and then itself. It needs no
list of children, so it cannot miss one that was just started, and it works where PR_SET_PDEATHSIG doesn't exist. By the same
id the next stack stops what an earlier one left.
"""

import atexit
import os
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from typing import Final

import psutil

MARK: Final = "OSLIRA_STACK_ID"
_GRACE_S: Final = 1.0
_reaper: "subprocess.Popen[bytes] | None" = None
_stack_id: Final = uuid.uuid4().hex


def mark() -> dict[str, str]:
    """The environment variable that every child needs. Starts this process's reaper on the first call."""
    global _reaper  # noqa: PLW0603  (one reaper for each process)
    if _reaper is None or _reaper.poll() is not None:
        _reaper = subprocess.Popen(  # it must outlive this block, and Ctrl-C must not reach it
            [sys.executable, "-m", "oslira_devstack.reaper", _stack_id],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        atexit.register(_stop_reaper, _reaper)
    return {MARK: _stack_id}


def stack_id() -> str:
    """The mark of this process's children."""
    return _stack_id


def _stop_reaper(reaper: "subprocess.Popen[bytes]") -> None:
    if reaper.stdin is not None:
        reaper.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        reaper.wait(_GRACE_S * 5)


def marked(stack: str) -> list[psutil.Process]:
    """The running processes with this stack's id, and their descendants (Postgres overwrites its children's environment)."""
    found: dict[int, psutil.Process] = {}
    # Without psutil's cache: it would skip a new process whose id was used before.
    psutil.process_iter.cache_clear()
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == stack and process.status() != psutil.STATUS_ZOMBIE:
                for one in (process, *process.children(recursive=True)):
                    found[one.pid] = one
    found.pop(os.getpid(), None)
    return list(found.values())


def end_marked(stack: str, *, grace_s: float = _GRACE_S) -> list[str]:
    """Stop processes with this id: SIGTERM, then SIGKILL after `grace_s`. Returns their names."""
    ended: list[str] = []
    deadline = time.monotonic() + grace_s
    # Repeat until none is found: a child may have been starting at the first pass.
    while processes := marked(stack):
        for process in processes:
            with suppress(psutil.Error):
                ended.append(process.name())
                if time.monotonic() < deadline:
                    process.terminate()
                else:
                    process.kill()
        psutil.wait_procs(processes, timeout=max(0.2, deadline - time.monotonic()))
    return ended


if __name__ == "__main__":
    sys.stdin.buffer.read()
    end_marked(sys.argv[1])
