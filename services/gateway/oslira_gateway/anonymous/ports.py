"""What analyses without an account need from outside."""

from dataclasses import dataclass
from typing import Protocol

from oslira_gateway.http.client_address import Network


@dataclass(frozen=True, slots=True)
class Use:
    """Whether a network may order once more today, and how many seconds are left of the day (UTC)."""

    is_granted: bool
    day_left_s: int


class AnonymousAllowance(Protocol):
    """How often each network (an IPv4 address, an IPv6 /64) orders in a day, exactly, over all gateways."""

    async def take(self, network: Network, *, most: int) -> Use:
        """Count one, unless `most` are counted already."""
        ...

    async def give_back(self, network: Network) -> None:
        """One that was taken came to nothing."""
        ...


class Challenge(Protocol):
    """Tells people from programs, as far as that can be told."""

    async def check(self, response: str | None) -> None:
        """`response` is what the challenge gave the visitor's browser, good once.

        Raises OsliraError: challenge_failed, or unavailable when that can't be told now.
        """
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...
