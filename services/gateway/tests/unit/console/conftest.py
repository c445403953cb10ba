"""A console over the examples of the API's document."""

from collections.abc import AsyncGenerator, Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio
from console_visitor import ORIGIN, Visitor, console_settings
from example_api import ExampleApi
from oslira_gateway.console.bootstrap import wire
from oslira_gateway.console.edge import Edge
from oslira_shared.observability.health import Health


@pytest.fixture
def api() -> ExampleApi:
    return ExampleApi()


@pytest.fixture
def console_of(api: ExampleApi) -> Callable[..., Edge]:
    def made(**changed: Any) -> Edge:
        return wire(console_settings(**changed), api, Health())

    return made


@pytest_asyncio.fixture
async def stranger(console_of: Callable[..., Edge]) -> AsyncGenerator[Visitor]:
    """Nobody has signed in."""
    transport = httpx.ASGITransport(app=console_of())
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        yield Visitor(http)


@pytest.fixture
def member(stranger: Visitor) -> Visitor:
    stranger.sign_in()
    return stranger
