"""A process that dies comes back; one that is stopped does not; none outlives its supervisor."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
from oslira_devstack.child import Child, DidNotStart
from oslira_devstack.ports import free_port
from oslira_devstack.processes import Supervisor

_SERVER = """
import http.server, sys
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"{}")
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Ready).serve_forever()
"""
_PARENT = """
import subprocess, sys, time
from pathlib import Path
from oslira_devstack.child import Child
child = Child("c", ["sh", "-c", "sleep 600 & sleep 600"], {"PATH": "/usr/bin:/bin"}, Path(sys.argv[1]) / "c.log")
child.start()
print(child.pid, flush=True)
time.sleep(600)
"""


def server(name: str, logs: Path) -> tuple[Child, str]:
    port = free_port()
    command = [sys.executable, "-c", _SERVER, str(port)]
    return Child(name, command, {}, logs / f"{name}.log"), f"http://127.0.0.1:{port}/"


@pytest_asyncio.fixture
async def supervisor() -> AsyncGenerator[Supervisor]:
    running = Supervisor()
    yield running
    await running.stop()
    assert not any(p.child.is_running for p in running.processes.values())


async def test_killed_process_is_restarted_and_a_stopped_one_is_not(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    for name in ("analysis-1", "analysis-2"):
        child, url = server(name, tmp_path)
        supervisor.add(child, url)
        supervisor.start_one(name)
    await supervisor.wait_ready()
    assert await supervisor.wait_settled() == {}
    killed = await supervisor.kill("analysis-1")
    await supervisor.stop_one("analysis-2")
    await asyncio.sleep(0.5)
    await supervisor.wait_ready("analysis-1", timeout_s=5)
    assert supervisor.processes["analysis-1"].child.pid not in (None, killed)
    assert supervisor.processes["analysis-1"].restarts == 1
    assert supervisor.processes["analysis-2"].child.pid is None
    supervisor.start_one("analysis-2")
    await supervisor.wait_ready("analysis-2", timeout_s=5)


async def test_process_that_cannot_start_is_reported_with_its_last_words(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    child = Child("doomed", [sys.executable, "-c", "raise SystemExit('no key')"], {}, tmp_path / "doomed.log")
    supervisor.add(child, "http://127.0.0.1:9/")
    supervisor.start_one("doomed")
    with pytest.raises(DidNotStart, match="no key"):
        await supervisor.wait_ready(timeout_s=5)


async def test_restarts_slow_down_when_a_process_keeps_dying(supervisor: Supervisor, tmp_path: Path) -> None:
    child = Child("doomed", [sys.executable, "-c", "raise SystemExit(1)"], {}, tmp_path / "doomed.log")
    supervisor.add(child, "http://127.0.0.1:9/")
    supervisor.start_one("doomed")
    await asyncio.sleep(2.0)
    assert 1 <= supervisor.processes["doomed"].restarts <= 3


async def test_child_that_ignores_sigterm_is_killed_with_its_own_children(tmp_path: Path) -> None:
    child = Child(
        "deaf", ["sh", "-c", "trap '' TERM; sleep 600 & while :; do sleep 1; done"], {}, tmp_path / "l"
    )
    child.start()
    await asyncio.sleep(0.2)
    assert child.pid is not None
    family = [psutil.Process(child.pid), *psutil.Process(child.pid).children(recursive=True)]
    assert len(family) >= 2
    await child.stop(grace_s=0.3)
    assert wait_gone(family)


def test_nothing_outlives_a_parent_that_was_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    time.sleep(0.2)
    family = [*psutil.Process(parent.pid).children(recursive=True), *child.children(recursive=True), child]
    assert len(family) >= 4  # the reaper, the shell, its two sleeps
    parent.kill()
    parent.communicate()
    assert wait_gone(family)


def wait_gone(processes: list[psutil.Process], *, timeout_s: float = 10.0) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes if alive(p)):
            return True
        time.sleep(0.05)
    return False


def alive(process: psutil.Process) -> bool:
    return psutil.pid_exists(process.pid)
