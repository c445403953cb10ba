"""HTTP as the simulators see it: a whole request in, a whole answer out, or a connection that really breaks."""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qs, unquote

from oslira_simulators.faults import Fault

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_BODY_BYTES = 16 * 1024 * 1024


@dataclass(slots=True)
class Call:
    """One request. `path` is below the provider's root; `segments` are the parts a route's pattern left open."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    segments: tuple[str, ...] = ()
    fault: Fault | None = None

    def asked(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[-1]

    def asked_flag(self, name: str) -> bool:
        return self.asked(name) in {"true", "1"}

    def asked_int(self, name: str, default: int) -> int:
        """Raises ValueError on anything else than digits."""
        return int(self.asked(name) or default)

    def json(self) -> dict[str, Any]:
        """The body as an object. Raises ValueError."""
        value: object = json.loads(self.body)
        if not isinstance(value, dict):
            raise ValueError("the body is not a JSON object")  # noqa: TRY004 - one error for a bad body
        return cast("dict[str, Any]", value)

    def suffers(self, kind: str) -> bool:
        return self.fault is not None and self.fault.kind == kind


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict[str, str])
    content_type: str = "application/json; charset=utf-8"


def json_reply(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    # Escaped: an item may hold half a surrogate pair, which has no UTF-8.
    return Reply(status, json.dumps(value).encode(), headers or {})


async def read_call(scope: Scope, receive: Receive) -> Call:
    """Reads the whole body, unzipped. Raises ValueError when it is too large, ConnectionError when cut off."""
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("the caller left before its request was complete")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > MAX_BODY_BYTES:
            raise ValueError("the request body is too large")
        more = message.get("more_body", False)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    body = b"".join(chunks)
    if headers.get("content-encoding") == "gzip":  # apify-client compresses larger bodies
        body = gzip.decompress(body)
    query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    path = unquote(scope.get("raw_path", scope["path"].encode()).decode("latin-1").split("?", 1)[0])
    return Call(scope["method"], path, query, headers, body)


async def send_reply(send: Send, reply: Reply) -> None:
    headers = {"content-type": reply.content_type, "content-length": str(len(reply.body)), **reply.headers}
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": encoded})
    await send({"type": "http.response.body", "body": reply.body})


async def until_gone(receive: Receive) -> None:
    """Returns when the caller has closed the connection; call it once the body was read."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def drop_connection(send: Send, receive: Receive) -> None:
    """Closes the socket without an answer.

    ASGI has no word for it (a handler that raises is answered with 500), so this takes uvicorn's transport, which
    its `send` is bound to. The caller sees a broken connection, as with a provider that crashed.
    """
    transport = cast("asyncio.Transport", cast("Any", send).__self__.transport)
    transport.abort()
    await until_gone(receive)  # uvicorn would answer 500 if we returned before it noticed
