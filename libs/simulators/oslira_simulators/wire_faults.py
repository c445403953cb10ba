"""Faults on the connection itself: answers that never come, come too slowly, or are a balancer's page."""

import asyncio
import math
import time
from contextlib import suppress
from dataclasses import replace
from email.utils import formatdate
from typing import Any, Final, cast

from oslira_simulators.faults import Fault
from oslira_simulators.wire import Receive, Reply, Send, drop_connection, until_gone

_LOOK_EVERY_S: Final = 0.05
_DRIP_EVERY_S: Final = 1.0
# Longer than anybody waits for at a byte a second. Blanks are allowed before JSON, so no reader can conclude early.
_ENDLESS_BYTES: Final = 10_000_000
_HEAD: Final = (
    "HTTP/1.1 200 OK\r\n"
    "content-type: application/json\r\n"
    f"content-length: {_ENDLESS_BYTES}\r\n"
    f"x-padding: {'-' * 4000}\r\n\r\n"
).encode()
_REASONS: Final = {429: "Too Many Requests", 502: "Bad Gateway", 503: "Service Unavailable"}


async def stay_silent(fault: Fault, send: Send, receive: Receive, *, longest_s: float) -> None:
    """No answer until the caller leaves or the rule is gone; a `timeout` breaks the connection after `longest_s`."""
    limit_s = longest_s if fault.kind == "timeout" else math.inf
    await _pass_time(fault, receive, limit_s)
    await drop_connection(send, receive)


async def drip(fault: Fault, send: Send, receive: Receive) -> None:
    """One byte at a time until the caller leaves or the rule is gone.

    Written to uvicorn's transport, past its HTTP: ASGI sends headers whole.
    """
    transport = cast("asyncio.Transport", cast("Any", send).__self__.transport)
    every_s = _DRIP_EVERY_S if fault.delay_s is None else fault.delay_s
    rest = iter(_HEAD) if fault.from_head else iter(())
    if not fault.from_head:
        transport.write(_HEAD)
    leaving = asyncio.create_task(until_gone(receive))
    try:
        while not leaving.done() and not fault.is_over and not transport.is_closing():
            transport.write(bytes([next(rest, ord(" "))]))
            await asyncio.wait({leaving}, timeout=every_s)
        transport.abort()
        await leaving  # uvicorn would complain if we returned before it noticed
    finally:
        leaving.cancel()


async def cut_reply(send: Send, receive: Receive, reply: Reply) -> None:
    """Half of the body that the headers announce, then the connection breaks."""
    length = str(len(reply.body)).encode()
    headers = [(b"content-type", reply.content_type.encode()), (b"content-length", length)]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    half = reply.body[: len(reply.body) // 2]
    await send({"type": "http.response.body", "body": half, "more_body": True})
    # Closed after what was written went out; an abort could overtake it.
    cast("asyncio.Transport", cast("Any", send).__self__.transport).close()
    await until_gone(receive)


def fault_reply(fault: Fault, own: Reply) -> Reply:
    """The answer of a status fault; `own` is the provider's error with that status."""
    reply = own
    if fault.as_html:
        reason = _REASONS.get(own.status, "Error")
        page = f"<html><head><title>{own.status} {reason}</title></head><body><h1>{own.status} {reason}</h1></body></html>"
        reply = Reply(own.status, page.encode(), content_type="text/html")
    if fault.retry_after_s is not None:
        reply = replace(reply, headers=reply.headers | {"retry-after": _retry_after(fault)})
    return reply


def _retry_after(fault: Fault) -> str:
    wait_s = fault.retry_after_s or 0.0
    if fault.retry_after_is_date:
        return formatdate(math.ceil(time.time() + wait_s), usegmt=True)
    return str(math.ceil(wait_s))


async def _pass_time(fault: Fault, receive: Receive, limit_s: float) -> None:
    leaving = asyncio.create_task(until_gone(receive))
    deadline_s = time.monotonic() + limit_s
    try:
        while not leaving.done() and not fault.is_over and time.monotonic() < deadline_s:
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(leaving), _LOOK_EVERY_S)
    finally:
        leaving.cancel()
