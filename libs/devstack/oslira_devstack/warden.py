"""Leaves nothing running, however this process ends.

Every child carries OSLIRA_STACK_ID in its environment. The warden is one small process in a session of its own that holds
the reading end of a pipe; when the pipe closes (a clean stop, a crash, SIGKILL) it ends whatever still carries the mark,
and then itself. It needs no list of children, so there is no moment at which a child is started and not yet known, and it
works where PR_SET_PDEATHSIG doesn't exist. The same mark lets the next stack end what a crash of the machine's owner left.
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
_warden: "subprocess.Popen[bytes] | None" = None
_stack_id: Final = uuid.uuid4().hex


def mark() -> dict[str, str]:
    """The environment variable that every child must carry. Starts this process's warden on the first call."""
    global _warden  # noqa: PLW0603  (one warden a process, as there is one process to outlive)
    if _warden is None or _warden.poll() is not None:
        _warden = subprocess.Popen(  # it must outlive this block, and Ctrl-C must not reach it
            [sys.executable, "-m", "oslira_devstack.warden", _stack_id],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        atexit.register(_dismiss, _warden)
    return {MARK: _stack_id}


def stack_id() -> str:
    """The mark of this process's children."""
    return _stack_id


def _dismiss(warden: "subprocess.Popen[bytes]") -> None:
    if warden.stdin is not None:
        warden.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        warden.wait(_GRACE_S * 5)


def marked(stack: str) -> list[psutil.Process]:
    """The running processes that carry this stack's mark, with their descendants (Postgres overwrites its children's)."""
    found: dict[int, psutil.Process] = {}
    # Without what psutil remembers: under an id that has been given out again since, it would pass over who has it now.
    psutil.process_iter.cache_clear()
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == stack and process.status() != psutil.STATUS_ZOMBIE:
                for one in (process, *process.children(recursive=True)):
                    found[one.pid] = one
    found.pop(os.getpid(), None)
    return list(found.values())


def end_marked(stack: str, *, grace_s: float = _GRACE_S) -> list[str]:
    """End what carries this mark: SIGTERM, then SIGKILL after `grace_s`. Returns the names of what was ended."""
    ended: list[str] = []
    deadline = time.monotonic() + grace_s
    # Again until a look finds nothing: a child may have been on its way when we looked first.
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
