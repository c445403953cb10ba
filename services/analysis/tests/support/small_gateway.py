"""The parts of Cloudflare's AI Gateway that we use, in front of the simulators: it forwards, records headers, and caches."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn
from oslira_devstack.ports import free_port

_UPSTREAM = {"openai": "/openai/v1", "anthropic": "/anthropic"}
_PASSED_ON = ("authorization", "x-api-key", "content-type", "anthropic-version")


@dataclass(frozen=True, slots=True)
class Heard:
    provider: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def metadata(self) -> dict[str, Any]:
        return json.loads(self.headers["cf-aig-metadata"])


@dataclass
class SmallGateway:
    url: str
    simulators_url: str
    http: httpx.AsyncClient
    heard: list[Heard] = field(default_factory=list[Heard])
    # Changes the body of an answer on its way back; nothing is cached then.
    alter: Callable[[str, dict[str, Any]], bytes] | None = None
    _cache: dict[str, bytes] = field(default_factory=dict[str, bytes])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        _, root, provider, *rest = scope["path"].split("/")
        assert root == "account-gateway"
        path = "/" + "/".join(rest)
        self.heard.append(Heard(provider, path, headers, json.loads(body)))
        status, answer, cache = await self._answer(provider, path, headers, body)
        reply = [(b"content-type", b"application/json"), (b"cf-aig-cache-status", cache)]
        await send({"type": "http.response.start", "status": status, "headers": reply})
        await send({"type": "http.response.body", "body": answer})

    async def _answer(
        self, provider: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes, bytes]:
        key = headers.get("cf-aig-cache-key", "")
        if key in self._cache:
            return 200, self._cache[key], b"HIT"
        answer = await self.http.post(
            f"{self.simulators_url}{_UPSTREAM[provider]}{path}",
            content=body,
            headers={name: headers[name] for name in _PASSED_ON if name in headers},
        )
        if self.alter is not None:
            return answer.status_code, self.alter(provider, answer.json()), b"MISS"
        if answer.status_code == 200:
            self._cache[key] = answer.content
        return answer.status_code, answer.content, b"MISS"


@asynccontextmanager
async def small_gateway(simulators_url: str) -> AsyncGenerator[SmallGateway]:
    port = free_port()
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        gateway = SmallGateway(f"http://127.0.0.1:{port}/account-gateway", simulators_url, http)
        server = uvicorn.Server(uvicorn.Config(gateway, port=port, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve())
        try:
            while not server.started:
                await asyncio.sleep(0.01)
            yield gateway
        finally:
            server.should_exit = True
            await serving
