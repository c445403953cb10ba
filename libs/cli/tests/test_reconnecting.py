"""While the deployment is away, a command says so once, tries again, and gives up after a while."""

from dataclasses import dataclass, field

import httpx
import pytest
from oslira_cli.reconnecting import Reconnecting
from oslira_client.errors import ServerProblem

LOST = httpx.ConnectError("connection refused")


@dataclass
class Away:
    """A deployment that fails `failures` times; waiting moves the clock."""

    failures: int = 0
    now_s: float = 0.0
    lines: list[str] = field(default_factory=list[str])

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    async def read(self) -> str:
        if self.failures:
            self.failures -= 1
            raise LOST
        return "answer"

    def reconnecting(self) -> Reconnecting:
        return Reconnecting(
            sleep=self.sleep, chance=lambda: 0.5, clock_s=lambda: self.now_s, report=self.lines.append
        )


async def test_an_outage_is_reported_once_and_so_is_its_end() -> None:
    away = Away(failures=5)
    reconnecting = away.reconnecting()
    assert await reconnecting.until_answered(away.read) == "answer"
    await reconnecting.heard(httpx.Response(200))
    await reconnecting.heard(httpx.Response(200))
    assert len(away.lines) == 2
    assert "does not answer (ConnectError); trying again for 60 s" in away.lines[0]
    assert away.lines[1] == "the deployment answers again"


async def test_it_gives_up_after_a_minute() -> None:
    away = Away(failures=10_000)
    with pytest.raises(httpx.ConnectError):
        await away.reconnecting().until_answered(away.read)
    assert 60 < away.now_s < 75


async def test_an_answer_between_two_outages_starts_the_minute_again() -> None:
    away = Away()
    reconnecting = away.reconnecting()
    for _ in range(3):
        away.failures = 4
        away.now_s += 50
        await reconnecting.until_answered(away.read)
        await reconnecting.heard(httpx.Response(404))


async def test_a_servers_error_is_an_outage_and_does_not_end_one() -> None:
    away = Away()
    reconnecting = away.reconnecting()
    await reconnecting.wait(0, ServerProblem(503, {"code": "unavailable"}))
    await reconnecting.heard(httpx.Response(503))
    assert len(away.lines) == 1
