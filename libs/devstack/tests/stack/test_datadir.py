"""One stack a data directory, and secrets that last as long as the data."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from oslira_devstack.credentials import NATS_USERS
from oslira_devstack.datadir import DataDirectory, Lock, StackIsRunning

_HOLDER = """
import sys, time
from pathlib import Path
from oslira_devstack.child import Child
from oslira_devstack.datadir import Lock
directory = Path(sys.argv[1])
with Lock(directory) as lock:
    lock.take_over()
    child = Child("sleeper", ["sleep", "600"], {"PATH": "/usr/bin:/bin"}, directory / "sleeper.log")
    child.start()
    print(child.pid, flush=True)
    time.sleep(600)
"""


def holder(directory: Path) -> tuple["subprocess.Popen[str]", int]:
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(directory)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def test_secrets_survive_a_restart_and_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    first = DataDirectory(tmp_path / "data").credentials()
    assert DataDirectory(tmp_path / "data").credentials() == first
    assert (tmp_path / "data" / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert set(first.nats) == set(NATS_USERS)


def test_secrets_of_an_older_version_are_completed_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text('{"nats": {"gateway": "kept"}, "jwt_secret": "kept too"}')
    credentials = DataDirectory(tmp_path).credentials()
    assert (credentials.nats["gateway"], credentials.jwt_secret) == ("kept", "kept too")
    assert credentials.nats["credits"]


def test_second_stack_on_a_directory_is_refused_with_the_first_ones_pid(tmp_path: Path) -> None:
    process, _ = holder(tmp_path)
    try:
        with pytest.raises(StackIsRunning, match=f"pid {process.pid}"), Lock(tmp_path):
            pass
    finally:
        process.kill()
        process.communicate()


def test_stale_lock_is_taken_over_and_its_leftovers_ended(tmp_path: Path) -> None:
    process, pid = holder(tmp_path)
    leftover = psutil.Process(pid)
    process.kill()
    process.communicate()
    with Lock(tmp_path) as lock:
        lock.take_over()
        # A zombie has ended; burying it is init's business.
        assert not leftover.is_running() or leftover.status() == psutil.STATUS_ZOMBIE
