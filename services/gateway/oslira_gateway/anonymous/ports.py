"""Ports of analyses without an account."""

from dataclasses import dataclass
from typing import Protocol

from oslira_gateway.http.client_address import Network


@dataclass(frozen=True, slots=True)
class Use:
    """Whether a network may order once more today, and how many seconds are left of the day (UTC)."""

    is_granted: bool
    day_left_s: int


class AnonymousAllowance(Protocol):
    """Exact counts of orders per network (an IPv4 address, an IPv6 /64) and day, over all replicas."""

    async def take(self, network: Network, *, most: int) -> Use:
        """Count one, unless `most` are counted already."""
        ...

    async def release(self, network: Network) -> None:
        """Give back one that was counted, because its order failed."""
        ...


class Challenge(Protocol):
    """A check that the caller is a person."""

    async def check(self, response: str | None) -> None:
        """`response`: from the challenge in the caller's browser, valid once.

        Raises OsliraError: challenge_failed, or unavailable if the check is not possible now.
        """
        ...

    async def close(self) -> None:
        """Close connections."""
        ...
