"""The port for counters."""

from collections.abc import Sequence
from typing import Protocol


class CountersUnavailable(Exception):  # noqa: N818  # a state of the bus that every caller handles, not a fault
    """Counting failed: the bus is unavailable or too slow."""


class Counters(Protocol):
    """Totals that all replicas share."""

    async def add(self, keys: Sequence[str]) -> Sequence[int]:
        """Add one to each key's total, in one round trip, and return the new totals. Each total is returned to one caller only.

        A key is of letters, digits, `_`, `-` and dots. Raises CountersUnavailable, within two seconds.
        """
        ...
