"""Allowances and challenges in memory, for tests."""

from collections import Counter
from dataclasses import dataclass, field

from oslira_gateway.anonymous.ports import Use
from oslira_gateway.http.client_address import Network
from oslira_shared.errors import OsliraError


@dataclass(slots=True)
class MemoryAllowance:
    """Implements AnonymousAllowance. It is an hour to midnight."""

    uses: Counter[Network] = field(default_factory=Counter[Network])

    async def take(self, network: Network, *, most: int) -> Use:
        is_granted = self.uses[network] < most
        self.uses[network] += is_granted
        return Use(is_granted, 3_600)

    async def release(self, network: Network) -> None:
        self.uses[network] -= 1


@dataclass(slots=True)
class MemoryChallenge:
    """`person` passes, nothing else does."""

    is_down: bool = False

    async def check(self, response: str | None) -> None:
        if self.is_down:
            raise OsliraError("unavailable", "no responders")
        if response != "person":
            raise OsliraError("challenge_failed", "no person")

    async def close(self) -> None: ...
