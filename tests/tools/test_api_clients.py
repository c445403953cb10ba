"""External checkers of the API's document need Node; nothing else does."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "tools" / "openapi"
SCRIPT = ROOT / "tools" / "api_clients.sh"


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """With `folder` as the only place to find programs."""
    return subprocess.run(  # our own script
        ["/bin/sh", SCRIPT, *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": str(folder)},
    )


def node_of(folder: Path, version: str) -> None:
    """Programs that are no more than a version."""
    major, minor = version.split(".")[:2]
    is_new = int(major) > 20 or (int(major) == 20 and int(minor) >= 19)
    for name, code in (("node", 0 if is_new else 1), ("npm", 1)):
        program = folder / name
        program.write_text(f"#!/bin/sh\nexit {code}\n")
        program.chmod(0o755)


def test_without_node_it_is_left_out_in_one_line(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "api_clients: left out: needs Node 20.19 or newer with npm\n"


def test_where_it_is_needed_no_node_is_a_failure(tmp_path: Path) -> None:
    done = run(tmp_path, "--require")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "api_clients: needs Node 20.19 or newer with npm\n"


def test_an_old_node_is_left_out_too(tmp_path: Path) -> None:
    node_of(tmp_path, "18.20")
    done = run(tmp_path)
    assert (done.returncode, done.stdout) == (0, "api_clients: left out: needs Node 20.19 or newer\n")


def test_every_program_is_pinned_and_the_lock_names_no_registry() -> None:
    package = json.loads((PROJECT / "package.json").read_text())
    lock = json.loads((PROJECT / "package-lock.json").read_text())
    versions = package["devDependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions.values())
    locked = {name: lock["packages"][f"node_modules/{name}"]["version"] for name in versions}
    assert locked == versions
    assert lock["packages"][""]["devDependencies"] == versions
    for name, one in lock["packages"].items():
        assert "resolved" not in one, name
        assert not name or one["integrity"].startswith("sha512-"), name


@pytest.mark.parametrize("name", ["node_modules", "out"])
def test_what_it_makes_is_not_kept(name: str) -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert f"tools/openapi/{name}/" in ignored
    assert os.access(SCRIPT, os.X_OK)
