"""Following work while the deployment may be away: a message when it does not answer, another try, and an end of that."""

import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

import httpx
from oslira_client import Oslira
from oslira_client.calls import Retries
from oslira_client.errors import ServerProblem

ResultT = TypeVar("ResultT")
GIVE_UP_S: Final = 60.0
_LONGEST_ATTEMPT: Final = 6
_SERVER_ERROR: Final = 500


def _to_stderr(line: str) -> None:
    print(f"oslira: {line}", file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Reconnecting(Retries):
    """Waits as Retries does, and says so once. After `give_up_s` without an answer the last error is raised."""

    give_up_s: float = GIVE_UP_S
    clock_s: Callable[[], float] = time.monotonic
    report: Callable[[str], None] = _to_stderr
    _away_since: list[float] = field(default_factory=list[float])

    async def wait(self, attempt: int, error: Exception) -> None:
        """Raises `error` once the deployment has been away for too long."""
        now_s = self.clock_s()
        if not self._away_since:
            self._away_since.append(now_s)
            self.report(
                f"the deployment does not answer ({type(error).__name__}); trying again for {self.give_up_s:g} s"
            )
        if now_s - self._away_since[0] > self.give_up_s:
            raise error
        await Retries.wait(self, attempt, error)

    async def heard(self, answer: httpx.Response) -> None:
        """A hook of httpx: any answer but a server's error ends the outage."""
        if self._away_since and answer.status_code < _SERVER_ERROR:
            self._away_since.clear()
            self.report("the deployment answers again")

    async def until_answered(self, read: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """`read`, which changes nothing, until it is answered."""
        attempt = 0
        while True:
            try:
                return await read()
            except (httpx.TransportError, ServerProblem) as error:
                await self.wait(min(attempt, _LONGEST_ATTEMPT), error)
                attempt += 1


def connect(url: str, token: str, reconnecting: Reconnecting) -> Oslira:
    """A client that reports outages and gives up."""
    oslira = Oslira(url, token, retries=reconnecting)
    oslira.http.event_hooks["response"].append(reconnecting.heard)
    return oslira
