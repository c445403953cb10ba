"""Keeps the stack's processes running: starts them, restarts one that dies, stops them in order."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import httpx

from oslira_devstack.child import Child
from oslira_devstack.readiness import wait_ready

_WATCH_S: Final = 0.1
_FIRST_DELAY_S: Final = 0.2
_LONGEST_DELAY_S: Final = 5.0
_STEADY_S: Final = 30.0  # a process that ran this long starts its delays afresh


@dataclass(slots=True)
class Supervised:
    """A child that should be running (or not), and its readiness URLs: each must answer 2xx."""

    child: Child
    ready_urls: tuple[str, ...]
    tier: int
    is_wanted: bool = False
    restarts: int = 0
    started_at: float = 0.0
    delay_s: float = _FIRST_DELAY_S
    restart_at: float | None = None

    def start(self) -> None:
        self.is_wanted = True
        self.restart_at = None
        self.started_at = time.monotonic()
        self.child.start()


@dataclass(slots=True)
class Supervisor:
    """Names are unique: `credits`, or `analysis-1`, `analysis-2` where a service has replicas."""

    report: Callable[[str], None] = lambda _: None
    on_restart: Callable[[], None] = lambda: None
    processes: dict[str, Supervised] = field(default_factory=dict)
    _watcher: "asyncio.Task[None] | None" = field(default=None, init=False)

    def add(self, child: Child, *ready_urls: str, tier: int = 0) -> None:
        """A process that start_one can start. Higher tiers are stopped first, those of one tier together."""
        if child.name in self.processes:
            raise ValueError(f"there is a process {child.name} already")
        self.processes[child.name] = Supervised(child, ready_urls, tier)

    def start_one(self, name: str) -> None:
        """Start it and keep it running from now on. Does not wait: see wait_ready."""
        self.processes[name].start()
        if self._watcher is None:
            self._watcher = asyncio.create_task(self._watch(), name="supervisor")

    async def stop_one(self, name: str, *, grace_s: float = 20.0) -> None:
        """End it and leave it ended."""
        self.processes[name].is_wanted = False
        await self.processes[name].child.stop(grace_s=grace_s)

    async def kill(self, name: str) -> int:
        """SIGKILL it, as a crash would; it is restarted like any that dies. Returns the pid it had."""
        child = self.processes[name].child
        pid = child.pid
        if pid is None:
            raise RuntimeError(f"{name} is not running")
        await child.kill()
        return pid

    async def wait_ready(self, *names: str, timeout_s: float = 30.0) -> None:
        """Until each of `names` (all that should run, if none is given) answers. Raises DidNotStart with its log's end."""
        wanted = self._wanted(names)
        async with _client() as client:
            await asyncio.gather(
                *(wait_ready(p.child, lambda p=p: _is_ready(client, p), timeout_s=timeout_s) for p in wanted)
            )

    async def wait_settled(self, *names: str, timeout_s: float = 15.0) -> dict[str, str]:
        """Until none calls itself degraded any more. Returns what some still miss after `timeout_s`, by name."""
        deadline = time.monotonic() + timeout_s
        async with _client() as client:
            while True:
                wanted = self._wanted(names)
                missing = await asyncio.gather(*(_missing(client, p) for p in wanted))
                degraded = {p.child.name: m for p, m in zip(wanted, missing, strict=True) if m}
                if not degraded or time.monotonic() > deadline:
                    return degraded
                await asyncio.sleep(_WATCH_S)

    def _wanted(self, names: tuple[str, ...]) -> list[Supervised]:
        return [p for n, p in self.processes.items() if p.is_wanted and (not names or n in names)]

    async def stop(self) -> None:
        """End all of them, the highest tier first."""
        if self._watcher is not None:
            self._watcher.cancel()
            with suppress(asyncio.CancelledError):
                await self._watcher
            self._watcher = None
        for tier in sorted({p.tier for p in self.processes.values()}, reverse=True):
            await asyncio.gather(*(self.stop_one(n) for n, p in self.processes.items() if p.tier == tier))

    async def _watch(self) -> None:
        while True:
            for process in self.processes.values():
                if process.is_wanted and not process.child.is_running:
                    self._revive(process)
            await asyncio.sleep(_WATCH_S)

    def _revive(self, process: Supervised) -> None:
        now = time.monotonic()
        if process.restart_at is None:
            if now - process.started_at > _STEADY_S:
                process.delay_s = _FIRST_DELAY_S
            process.restart_at = now + process.delay_s
            self.report(
                f"{process.child.name} ended ({process.child.exit_code}); restarting in {process.delay_s:.1f} s"
            )
        elif now >= process.restart_at:
            process.restarts += 1
            process.delay_s = min(process.delay_s * 2, _LONGEST_DELAY_S)
            process.start()
            self.on_restart()


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=2.0, trust_env=False)


async def _is_ready(client: httpx.AsyncClient, process: Supervised) -> bool:
    try:
        answers = [await client.get(url) for url in process.ready_urls]
    except httpx.HTTPError:
        return False
    return all(answer.is_success for answer in answers)


async def _missing(client: httpx.AsyncClient, process: Supervised) -> str:
    """Why it isn't `ok`, as it reports; empty if it is."""
    try:
        response = await client.get(process.ready_urls[0])
        report = response.json()
    except (httpx.HTTPError, ValueError):
        return "does not answer"
    if response.is_success and report.get("status", "ok") == "ok":
        return ""
    return "; ".join(f"{name} {state}" for name, state in report.get("checks", {}).items() if state != "ok")
