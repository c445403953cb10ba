"""`oslira stop` ends whatever holds the data directory, also one that is still starting; `oslira logs` shows what was written."""

import os
import subprocess
import sys
from pathlib import Path

_HOLD = """
import signal, sys
from pathlib import Path
from oslira_devstack.datadir import Lock
with Lock(Path(sys.argv[1])) as lock:
    lock.take_over()
    print("held", flush=True)
    signal.pause()
"""


def oslira(data: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "oslira_cli", *arguments],
        env={**os.environ, "OSLIRA_DATA_DIR": str(data)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_stop_ends_the_holder_and_waits_for_it(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _HOLD, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        stopped = oslira(tmp_path, "stop")
        assert (stopped.returncode, stopped.stdout) == (0, "stopped\n"), stopped.stderr
        assert holder.wait(timeout=5) != 0
    again = oslira(tmp_path, "stop")
    assert (again.returncode, "no stack runs" in again.stderr) == (0, True)


def test_logs_are_shown_by_process_and_an_unknown_name_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/analysis.log").write_text("one\ntwo\nthree\n")
    (tmp_path / "logs/nats.log").write_text("ready\n")
    shown = oslira(tmp_path, "logs", "--lines", "2")
    assert shown.stdout.splitlines() == ["analysis two", "analysis three", "nats     ready"]
    assert oslira(tmp_path, "logs", "nats").stdout == "nats ready\n"
    unknown = oslira(tmp_path, "logs", "kafka")
    assert (unknown.returncode, "analysis, nats" in unknown.stderr) == (2, True)


def test_doctor_names_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = oslira(tmp_path / "file" / "data", "doctor")
    assert found.returncode == 1
    assert "is no folder" in found.stdout
    assert "set OSLIRA_DATA_DIR" in found.stdout
