"""Where requests are counted."""

from collections.abc import Sequence
from typing import Protocol


class CountersUnavailable(Exception):  # noqa: N818  # a state of the bus that every caller handles, not a fault
    """Nothing could be counted: the bus is not there, or not in time."""


class Counters(Protocol):
    """Totals that all replicas share."""

    async def add(self, keys: Sequence[str]) -> Sequence[int]:
        """Add one to each key's total, in one round trip, and return the new totals: no two callers get the same one.

        A key is of letters, digits, `_`, `-` and dots. Raises CountersUnavailable, within two seconds.
        """
        ...
