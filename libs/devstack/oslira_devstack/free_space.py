"""Whether the disk has room for the stack."""

import shutil
from pathlib import Path
from typing import Final

# Three servers' first files take 150 MB.
_LEAST_FREE_BYTES: Final = 400 << 20


class NoSpace(Exception):  # noqa: N818
    """The disk is full, or about to be."""


def require_space(path: Path, *, least_bytes: int = _LEAST_FREE_BYTES) -> None:
    """Raises NoSpace: servers that find a full disk say so in logs of many lines."""
    free = shutil.disk_usage(path).free
    if free < least_bytes:
        raise NoSpace(
            f"only {free >> 20} MB are free for {path}, and the stack needs {least_bytes >> 20}: "
            "make room, or set OSLIRA_DATA_DIR to a folder on another disk"
        )
