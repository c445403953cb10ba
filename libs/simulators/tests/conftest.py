"""Simulators on a thread beside the tests, as new for each of them."""

import json
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx
import pytest
from oslira_simulators.config import SimulatorConfig
from oslira_simulators.serve import serving


@dataclass(frozen=True, slots=True)
class Sim:
    """What a test asks of the simulators beside the SDKs."""

    url: str
    http: httpx.AsyncClient

    async def post(self, path: str, /, **body: Any) -> Any:
        response = await self.http.post(f"{self.url}/_sim/{path}", json=body)
        response.raise_for_status()
        return response.json()

    async def counters(self) -> dict[str, Any]:
        return (await self.http.get(f"{self.url}/_sim/counters")).json()

    async def fault(self, provider: str, kind: str, /, **details: Any) -> None:
        await self.post("faults", provider=provider, kind=kind, **details)


@pytest.fixture(scope="session")
def simulator_url() -> Generator[str]:
    with serving(SimulatorConfig(speed=100, timeout_fault_s=0.5, today=date(2026, 11, 1))) as url:
        yield url


@pytest.fixture
async def sim(simulator_url: str) -> AsyncGenerator[Sim]:
    async with httpx.AsyncClient() as http:
        started = Sim(simulator_url, http)
        await started.post("reset")
        yield started


LIGHT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["fit_score", "summary", "reasons", "confidence"],
    "properties": {
        "fit_score": {"type": "integer", "minimum": 0, "maximum": 100},
        "summary": {"type": "string"},
        "reasons": {"type": "array", "items": {"$ref": "#/$defs/Claim"}},
        "confidence": {"type": "string", "enum": ["low", "medium", "high"]},
    },
    "$defs": {
        "Claim": {
            "type": "object",
            "additionalProperties": False,
            "required": ["claim", "quote", "source"],
            "properties": {
                "claim": {"type": "string"},
                "quote": {"type": "string", "maxLength": 200},
                "source": {"type": "string"},
            },
        }
    },
}

PROFILE: dict[str, Any] = {
    "username": "luna.bakes",
    "full_name": "Luna Bakes",
    "biography": "Sourdough in Porto since 2015\nClasses every Saturday morning",
    "category": "Bakery",
    "posts": [
        {"ref": "post:1", "caption": "Three loaves, one oven, no sleep.\n#sourdough #porto"},
        {"ref": "post:2", "caption": "我们周末有面包课"},
    ],
}


def prompt_about(profile: dict[str, Any]) -> str:
    document = json.dumps(profile).replace("<", "\\u003c")
    return f'Score it.\n<profile_data id="n1">\n{document}\n</profile_data id="n1">'


def quotable(profile: dict[str, Any]) -> dict[str, str]:
    """Source to text."""
    return {"biography": profile["biography"]} | {post["ref"]: post["caption"] for post in profile["posts"]}
