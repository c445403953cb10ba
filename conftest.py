"""Every test may ask for real servers and fresh data by fixture; here is in which order they run, and beside whom."""

import os
from typing import Final

import pytest

pytest_plugins = ["oslira_devstack.testing"]

# The longest first, so that no process is left alone with one at the end.
_ORDER: Final = ("tests/chaos/", "tests/e2e/", "/tests/integration/", "/tests/stack/", "/tests/contract/")


def pytest_configure(config: pytest.Config) -> None:
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
