"""`oslira up` as a person uses it: one line when all answers, the holder of a busy port, Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest
from oslira_devstack.datadir import DataDirectory
from oslira_devstack.ports import free_port
from oslira_devstack.reaper import marked

_OSLIRA = [sys.executable, "-m", "oslira_cli"]
_START_TIMEOUT_S = 60


@dataclass(frozen=True)
class Up:
    process: "subprocess.Popen[str]"
    env: dict[str, str]
    lines: list[str]

    @property
    def mark(self) -> str:
        lock = Path(self.env["OSLIRA_DATA_DIR"]) / "stack.lock"
        return str(json.loads(lock.read_text())["stack_id"])


@pytest.fixture(scope="module")
def up(scratch_dir: Path) -> Generator[Up]:
    env = {
        **os.environ,
        "OSLIRA_DATA_DIR": str(scratch_dir / "up"),
        "OSLIRA_PORT": str(free_port()),
        "OSLIRA_BILLING_PORT": str(free_port()),
    }
    with subprocess.Popen(
        [*_OSLIRA, "up", "--speed", "40"],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line.rstrip())
            if line.startswith("ready "):
                break
        try:
            yield Up(process, env, lines)
        finally:
            process.terminate()
            process.communicate(timeout=30)


def run(env: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*_OSLIRA, *arguments], env=env, capture_output=True, text=True, timeout=_START_TIMEOUT_S, check=False
    )


def test_ready_line_names_a_gateway_that_answers(up: Up) -> None:
    url = f"http://127.0.0.1:{up.env['OSLIRA_PORT']}"
    assert up.lines[-1] == f"ready {url}"
    assert httpx.get(f"{url}/health/ready", trust_env=False).json()["status"] == "ok"
    assert any(line.split()[:2] == ["apify", "simulated"] for line in up.lines)


def test_status_finds_it_from_another_terminal(up: Up) -> None:
    found = run(up.env, "status", "--json")
    assert found.returncode == 0
    state = json.loads(found.stdout)
    assert set(state["processes"]) >= {"gateway", "credits", "analysis", "billing", "scheduler"}
    for process in state["processes"].values():
        assert psutil.pid_exists(process["pid"])
    assert run({**up.env, "OSLIRA_DATA_DIR": "/nonexistent/oslira"}, "status").returncode == 1


def test_status_follows_a_process_that_was_restarted(up: Up) -> None:
    data = DataDirectory(Path(up.env["OSLIRA_DATA_DIR"]))

    def pid_of_scheduler() -> int:
        state = data.read_state()
        assert state is not None
        return state["processes"]["scheduler"]["pid"] or 0

    before = pid_of_scheduler()
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while pid_of_scheduler() in (before, 0):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert psutil.pid_exists(pid_of_scheduler())


def test_a_second_stack_names_the_owner_of_the_port_or_the_data(up: Up, scratch_dir: Path) -> None:
    refused = run({**up.env, "OSLIRA_DATA_DIR": str(scratch_dir / "second")}, "up")
    assert refused.returncode == 1
    assert f"port {up.env['OSLIRA_PORT']} (gateway) is taken by" in refused.stderr
    assert "oslira_gateway" in refused.stderr
    refused = run({**up.env, "OSLIRA_PORT": str(free_port())}, "up")
    assert refused.returncode == 1
    assert f"pid {up.process.pid}" in refused.stderr


def test_ctrl_c_ends_all_of_it(up: Up) -> None:
    mark = up.mark
    assert len(marked(mark)) >= 9
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(timeout=30) == 0
    time.sleep(0.1)
    assert marked(mark) == []
    assert run(up.env, "status").returncode == 1
