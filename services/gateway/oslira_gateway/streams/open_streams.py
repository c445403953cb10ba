"""The open event streams of this process: their limits, readers and end times.

A ticket is checked when a stream opens. Memberships, accounts and sign-ins can end later, so all open streams are checked against
Postgres every two seconds, and a stream whose reader lost access ends. None outlives its reader's token or `life_s`.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Collection, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from oslira_shared.errors import OsliraError

from oslira_gateway.metrics import STREAMS
from oslira_gateway.streams.tickets import Follower, ticket_refused

CHECK_EVERY_S: Final = 2.0


class StreamAccess(Protocol):
    """Checks who may follow an account."""

    async def refused(self, followers: Collection[Follower]) -> Collection[Follower]:
        """Followers who left the account or signed out, or whose account is deleted."""
        ...


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """The most streams of a process: per account, user and client network, and in total."""

    per_account: int = 20
    per_user: int = 10
    per_network: int = 100
    in_all: int = 1_000
    life_s: float = 3_600.0


class StreamEnded(Exception):  # noqa: N818  # an end, not an error
    """The stream's time is over, or its reader lost access."""


class OpenStream:
    """An open stream. `lost_access`: why it ended, if not by time."""

    def __init__(self, follower: Follower, keys: Collection[Hashable], life_s: float) -> None:
        self.follower = follower
        self.keys = keys
        self.lost_access = False
        self._life_s = life_s
        self._limit: asyncio.Timeout | None = None

    @asynccontextmanager
    async def limit(self) -> AsyncGenerator[None]:
        """Raises StreamEnded when the stream must end."""
        limit = self._limit = asyncio.timeout(0 if self.lost_access else self._life_s)
        try:
            async with limit:
                yield
        except TimeoutError as error:
            if not limit.expired():  # a timeout inside the stream
                raise
            raise StreamEnded from error

    def revoke(self) -> None:
        """End it: its reader lost access."""
        self.lost_access = True
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time())


class OpenStreams:
    """Admits and counts streams, and ends those whose readers lost access."""

    def __init__(
        self, access: StreamAccess, limits: StreamLimits, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._access = access
        self._limits = limits
        self._clock = clock
        self._counts: Counter[Hashable] = Counter()
        self._streams: set[OpenStream] = set()

    async def require_access(self, follower: Follower) -> None:
        """Raises OsliraError `ticket_invalid` if the reader lost access after the ticket was issued."""
        if follower.user_id is not None and await self._access.refused([follower]):
            raise ticket_refused()

    def admit(self, follower: Follower, *, counted_as: Hashable, network: Hashable) -> OpenStream:
        """Count one more stream, until `leave`. `counted_as`: the account, or the run that an anonymous caller follows.

        Raises OsliraError `too_many_streams` (the account's, the user's or the network's), `unavailable` (this process is full).
        """
        limits = self._limits
        if len(self._streams) >= limits.in_all:
            raise OsliraError("unavailable", "This process has reached its limit of event streams.")
        bounds = {("account", counted_as): limits.per_account, ("network", network): limits.per_network}
        if follower.user_id is not None:
            bounds["user", follower.user_id] = limits.per_user
        for key, most in bounds.items():
            if self._counts[key] >= most:
                raise OsliraError(
                    "too_many_streams", f"At most {most} event streams at once.", limit=most, scope=key[0]
                )
        self._counts.update(bounds.keys())
        stream = OpenStream(follower, tuple(bounds), self._life_s(follower))
        self._streams.add(stream)
        STREAMS.inc()
        return stream

    def leave(self, stream: OpenStream) -> None:
        """The stream has ended."""
        self._streams.discard(stream)
        self._counts.subtract(stream.keys)
        for key in stream.keys:
            if not self._counts[key]:
                del self._counts[key]
        STREAMS.dec()

    async def check_access(self) -> None:
        """End the streams of readers who lost access. While Postgres is unavailable streams stay open."""
        followers = {one.follower for one in self._streams if one.follower.user_id is not None}
        if not followers:
            return
        refused = frozenset(await self._access.refused(followers))
        for stream in self._streams:
            if stream.follower in refused:
                stream.revoke()

    def _life_s(self, follower: Follower) -> float:
        if follower.token_expires_at_s is None:
            return self._limits.life_s
        return max(0.0, min(self._limits.life_s, follower.token_expires_at_s - self._clock()))
