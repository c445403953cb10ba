"""Fetch a picture from an untrusted URL: https, only public addresses, bounded in size and time.

The host is resolved once and the checked address is used for the connection, so DNS rebinding has no effect.
Redirects are not followed, and no proxy, cookie or credential of ours is used.
"""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import urlsplit

from oslira_shared.contracts.analysis.v1 import MAX_AVATAR_BYTES
from oslira_shared.egress.addresses import is_public

MAX_BYTES: Final = MAX_AVATAR_BYTES  # the formats that can be displayed
MAX_S: Final = 10.0
_STEP_S: Final = 4.0
_CHUNK: Final = 64 * 1024
# Detected from the first bytes, not from the server's header. No SVG, because it can contain scripts.
_KINDS: Final = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))
Connect = Callable[[str, int], socket.socket]


class NotFetched(Exception):  # noqa: N818
    """The URL has no usable picture."""


@dataclass(frozen=True, slots=True)
class Picture:
    """`content_type` is detected from the bytes."""

    content: bytes
    content_type: str


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def connect_public(host: str, port: int) -> socket.socket:
    """A TLS connection to a public address of `host`. Raises NotFetched, OSError."""
    for *_, target in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if is_public(str(target[0])):
            plain = socket.create_connection((str(target[0]), port), timeout=_STEP_S)
            try:
                return _tls().wrap_socket(plain, server_hostname=host)
            except BaseException:
                plain.close()
                raise
    raise NotFetched("the host has no public address")


def fetch_picture(url: str, *, connect: Connect = connect_public) -> Picture:
    """Blocks for at most `MAX_S` after it has connected. Raises NotFetched for every error."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 443
    except ValueError as error:
        raise NotFetched("not an address") from error
    if parts.scheme != "https" or not host or port != http.client.HTTPS_PORT or parts.username:
        raise NotFetched("not a plain https address")
    ends_at = time.monotonic() + MAX_S
    try:
        content = _get(host, f"{parts.path or '/'}?{parts.query}", connect, ends_at)
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: an invalid path
        raise NotFetched(type(error).__name__) from error
    return Picture(content, _kind_of(content))


def _get(host: str, target: str, connect: Connect, ends_at: float) -> bytes:
    # Not HTTPSConnection, which loads all certificates again for an unused context: the socket is created above.
    connection = http.client.HTTPConnection(host, timeout=_STEP_S)
    connection.sock = connect(host, http.client.HTTPS_PORT)
    # The socket's own timeout is for one read, and headers may arrive byte by byte: this ends the exchange.
    end = threading.Timer(max(0.0, ends_at - time.monotonic()), _shut, [connection.sock])
    end.daemon = True
    end.start()
    try:
        connection.request("GET", target, headers={"Accept": "image/*", "Connection": "close"})
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise NotFetched(f"answered {answer.status}")
        if int(answer.headers.get("content-length") or 0) > MAX_BYTES:
            raise NotFetched("too large")
        content = b""
        while chunk := answer.read1(_CHUNK):
            content += chunk
            if len(content) > MAX_BYTES or time.monotonic() > ends_at:
                raise NotFetched("too large or too slow")
        return content
    finally:
        end.cancel()
        connection.close()


def _shut(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _kind_of(content: bytes) -> str:
    for signature, kind in _KINDS:
        if content.startswith(signature):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    raise NotFetched("not a picture")
