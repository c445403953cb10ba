"""The order in which tests run, and where their data is. Fixtures with real servers: oslira_devstack.testing."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = ["oslira_devstack.testing"]

# The longest first, so that no worker still runs a long one at the end.
_ORDER: Final = (
    "tests/chaos/",
    "analysis/tests/integration/",
    "tests/e2e/",
    "/tests/integration/",
    "/tests/stack/",
    "/tests/contract/",
)
# Their tests share nothing that is costly to start, and mostly wait: each goes to the next free worker.
_APART: Final = ("analysis/tests/integration/",)


# Three workers' servers need at most 1 GB; the rest is a reserve.
_MEMORY: Final = Path("/dev/shm")  # noqa: S108  # pytest and tempfile make their own folders in it
_MEMORY_BYTES: Final = 4 << 30


def pytest_configure(config: pytest.Config) -> None:
    """Where data is stored, and which warnings are ignored."""
    _store_data_in_memory()
    _ignore_docker_warnings(config)


def _store_data_in_memory() -> None:
    """A database is a thousand small files, which take five times as long to create on a disk; each test has its own."""
    if "TMPDIR" in os.environ or not _MEMORY.is_dir():
        return
    is_without_programs = os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC
    if not is_without_programs and shutil.disk_usage(_MEMORY).free >= _MEMORY_BYTES:
        os.environ["TMPDIR"] = str(_MEMORY)  # child processes inherit it
        tempfile.tempdir = None


def _ignore_docker_warnings(config: pytest.Config) -> None:
    """Docker accepts connections for a stopped server and drops them; nats-py does not close a connection that ends at once."""
    if os.environ.get("OSLIRA_TEST_SERVERS") == "containers":
        unclosed = "ignore:Exception ignored in. <function StreamWriter.__del__:pytest.PytestUnraisableExceptionWarning"
        config.addinivalue_line("filterwarnings", unclosed)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by length; a file's tests keep their order."""
    items.sort(key=_turn)


class _ByFile(LoadScopeScheduling):
    """A file's tests stay in one worker, since they share servers; those of `_APART` don't."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return nodeid if any(part in path for part in _APART) else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return _ByFile(config, log)


def _shares_stack(item: pytest.Item) -> bool:
    return "stack" in getattr(item, "fixturenames", ())


def _turn(item: pytest.Item) -> int:
    if _shares_stack(item):
        return -1
    return next((turn for turn, part in enumerate(_ORDER) if part in item.nodeid), len(_ORDER))
