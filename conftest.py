"""Every test may ask for real servers and fresh data by fixture; here is in which order they run, and beside whom."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

import pytest

pytest_plugins = ["oslira_devstack.testing"]

# The longest first, so that no process is left alone with one at the end.
_ORDER: Final = ("tests/chaos/", "tests/e2e/", "/tests/integration/", "/tests/stack/", "/tests/contract/")


# Three processes' servers need 1 GB of it at most; nobody's memory shall be short of it.
_MEMORY: Final = Path("/dev/shm")  # noqa: S108  # pytest and tempfile make their own folders in it
_MEMORY_BYTES: Final = 4 << 30


def pytest_configure(config: pytest.Config) -> None:
    """Where data lies, and what is no fault of ours."""
    _throw_away_in_memory()
    _ignore_what_docker_forgets(config)


def _throw_away_in_memory() -> None:
    """A database is a thousand small files. Making one takes five times as long on a disk; each test has its own."""
    if "TMPDIR" in os.environ or not _MEMORY.is_dir():
        return
    is_without_programs = os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC
    if not is_without_programs and shutil.disk_usage(_MEMORY).free >= _MEMORY_BYTES:
        os.environ["TMPDIR"] = str(_MEMORY)  # whoever we start, too
        tempfile.tempdir = None


def _ignore_what_docker_forgets(config: pytest.Config) -> None:
    """Docker takes connections for a stopped server and drops them; nats-py forgets to close what greets it with an end."""
    if os.environ.get("OSLIRA_TEST_SERVERS") == "containers":
        forgotten = "ignore:Exception ignored in. <function StreamWriter.__del__:pytest.PytestUnraisableExceptionWarning"
        config.addinivalue_line("filterwarnings", forgotten)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file's tests stay in one process (--dist loadfile), since they share what is costly to start."""
    items.sort(key=_turn)


def _shares_stack(item: pytest.Item) -> bool:
    return "stack" in getattr(item, "fixturenames", ())


def _turn(item: pytest.Item) -> int:
    if _shares_stack(item):
        return -1
    return next((turn for turn, part in enumerate(_ORDER) if part in item.nodeid), len(_ORDER))
