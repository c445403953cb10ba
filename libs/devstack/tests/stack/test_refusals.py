"""What keeps a stack from starting is one line; what a dead stack left behind is not believed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from oslira_devstack.child import DidNotStart
from oslira_devstack.credentials import BrokenSecrets, Credentials, load_or_make, write_whole
from oslira_devstack.datadir import DataDirectory
from oslira_devstack.free_space import NoSpace, require_space
from oslira_devstack.servers.postgres import EmbeddedPostgres
from oslira_devstack.servers.unprivileged import place_of
from repository import ROOT


def up(**variables: str) -> tuple[int, list[str]]:
    ended = subprocess.run(
        [sys.executable, "-m", "oslira_cli", "up"],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stdout == ""
    return ended.returncode, ended.stderr.splitlines()


@pytest.mark.parametrize("port", ["web", "0", "70000"])
def test_a_wrong_port_is_named(tmp_path: Path, port: str) -> None:
    code, [line] = up(OSLIRA_PORT=port, OSLIRA_DATA_DIR=str(tmp_path))
    assert code == 78
    assert line.startswith("oslira cannot start: OSLIRA_PORT: ")


def test_a_folder_that_is_none_or_takes_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "secrets.json").write_text('{"nats": ')
    for place in (str(tmp_path / "file"), "/proc/oslira", str(tmp_path / "broken")):
        code, lines = up(OSLIRA_DATA_DIR=place)
        assert (code, len(lines)) == (1, 1), lines
        assert lines[0].startswith("oslira: ")
        assert place in lines[0]


def test_a_full_disk_is_named_before_a_server_finds_it(tmp_path: Path) -> None:
    require_space(tmp_path, least_bytes=1)
    with pytest.raises(NoSpace, match=r"only \d+ MB are free for .*: make room, or set OSLIRA_DATA_DIR"):
        require_space(tmp_path, least_bytes=1 << 60)


def test_secrets_that_could_not_be_written_are_those_of_before(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    before = load_or_make(path)
    with pytest.raises(TypeError):
        write_whole(path, None)  # pyright: ignore[reportArgumentType]  # an error in the middle of writing
    assert load_or_make(path) == before
    assert [one.name for one in tmp_path.iterdir()] == ["secrets.json"]
    path.write_text("")
    with pytest.raises(BrokenSecrets, match="make clean"):
        load_or_make(path)


async def test_data_of_other_secrets_is_named(scratch_dir: Path) -> None:
    directory = scratch_dir / "other-secrets"
    first = EmbeddedPostgres(directory / "postgres", Credentials(), durable=False)
    await first.start()
    await first.stop()
    second = EmbeddedPostgres(directory / "postgres", Credentials(), durable=False)
    try:
        with pytest.raises(DidNotStart, match=r"made with other secrets .* make clean removes it"):
            await second.start()
    finally:
        await second.discard()


def test_a_state_of_a_dead_stack_is_not_believed(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    assert data.read_state() is None
    data.write_state({"gateway_url": "http://127.0.0.1:1"})
    state = data.read_state()
    assert state is not None
    assert state["pid"] == os.getpid()
    ended = subprocess.Popen(["true"])
    ended.wait()
    lies = (
        {**state, "pid": ended.pid},
        {**state, "started_at": state["started_at"] - 60},  # another process has its id by now
        {**state, "pid": 1},
        {"gateway_url": "http://127.0.0.1:1"},
    )
    for lie in lies:
        data.state_file.write_text(json.dumps(lie))
        assert data.read_state() is None
    data.state_file.write_text("{")
    assert data.read_state() is None


def test_make_clean_also_removes_the_data_that_root_keeps_elsewhere(tmp_path: Path) -> None:
    checkout, ground = tmp_path / "a checkout", tmp_path / "ground"
    (checkout / "tools").mkdir(parents=True)
    shutil.copy(ROOT / "tools/clean.sh", checkout / "tools/clean.sh")
    ours, anothers = place_of(checkout / ".oslira" / "postgres", ground), place_of(tmp_path, ground)
    for folder in (ours / "data", anothers / "data", checkout / ".oslira"):
        folder.mkdir(parents=True)
    subprocess.run(
        ["sh", "tools/clean.sh"],
        cwd=checkout,
        env={**os.environ, "OSLIRA_COMMON_GROUND": str(ground)},
        check=True,
    )
    assert not ours.exists()
    assert not (checkout / ".oslira").exists()
    assert anothers.exists()
