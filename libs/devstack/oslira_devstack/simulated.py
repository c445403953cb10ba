"""The provider simulators as a child process, and their control by tests."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from oslira_devstack import environment
from oslira_devstack.child import Child
from oslira_devstack.ports import free_port
from oslira_devstack.readiness import wait_ready


@dataclass(frozen=True, slots=True)
class Simulators:
    """A running simulator app; `url` is its root, below which each provider has its own."""

    url: str
    http: httpx.AsyncClient

    @property
    def environment(self) -> dict[str, str]:
        """The base URLs that the SDKs are given."""
        return {
            "APIFY_API_URL": f"{self.url}/apify",
            "OPENAI_BASE_URL": f"{self.url}/openai/v1",
            "ANTHROPIC_BASE_URL": f"{self.url}/anthropic",
            "STRIPE_API_BASE": f"{self.url}/stripe",
        }

    async def reset(self, only: list[str] | None = None) -> None:
        """Counters, draws, faults, stores and caches as at start, or only those."""
        await self._ask("POST", "/_sim/reset", {"only": only} if only is not None else None)

    async def counters(self) -> dict[str, Any]:
        return (await self._ask("GET", "/_sim/counters")).json()

    async def draws(self) -> Any:
        """Every latency drawn since the last reset."""
        return (await self._ask("GET", "/_sim/draws")).json()

    async def configure(self, **settings: Any) -> None:
        """Change speed or latencies while it runs."""
        await self._ask("POST", "/_sim/config", settings)

    async def add_fault(self, provider: str, kind: str, **details: Any) -> int:
        """The rule's id. Kinds and details: `simulators/faults.py`."""
        rule = {"provider": provider, "kind": kind, **details}
        return (await self._ask("POST", "/_sim/faults", rule)).json()["id"]

    async def remove_fault(self, rule_id: int) -> int:
        """How many calls it hit. Those that it holds are released."""
        rules = (await self._ask("GET", "/_sim/faults")).json()["faults"]
        await self._ask("DELETE", f"/_sim/faults/{rule_id}")
        return next((rule["hits"] for rule in rules if rule["id"] == rule_id), 0)

    async def clear_faults(self) -> None:
        await self._ask("DELETE", "/_sim/faults")

    async def add_stripe_object(self, stripe_object: dict[str, Any]) -> None:
        """An event stores its data.object too, as the newest state of that object."""
        await self._ask("POST", "/_sim/stripe/objects", stripe_object)

    async def _ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return (await self.http.request(method, self.url + path, json=body)).raise_for_status()


@asynccontextmanager
async def connect_simulators(url: str) -> AsyncGenerator[Simulators]:
    """To simulators that run already, such as a stack's."""
    async with httpx.AsyncClient(timeout=10.0, trust_env=False) as http:
        yield Simulators(url, http)


@asynccontextmanager
async def run_simulators(
    *, log: Path, speed: float, profiles: Path | None = None, seed: int = 1
) -> AsyncGenerator[Simulators]:
    """Start them on a free port, and end them with the block."""
    port = free_port()
    command = environment.simulator_command(port=port, speed=speed, profiles=profiles, seed=seed)
    child = Child("simulators", command, {**os.environ}, log)
    async with connect_simulators(f"http://127.0.0.1:{port}") as simulators:

        async def answers() -> bool:
            with suppress(httpx.HTTPError):
                return (await simulators.http.get(f"{simulators.url}/_sim/health")).is_success
            return False

        try:
            child.start()
            await wait_ready(child, answers)
            yield simulators
        finally:
            await child.kill()
