"""Pictures from untrusted URLs: only https, only public addresses, only pictures, and bounded in time."""

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from oslira_analysis.infrastructure.media import public_fetch
from oslira_analysis.infrastructure.media.public_fetch import (
    MAX_BYTES,
    NotFetched,
    connect_public,
    fetch_picture,
)

JPEG = b"\xff\xd8\xff\xe0" + b"picture" * 10
PNG = b"\x89PNG\r\n\x1a\n" + b"picture"
WEBP = b"RIFF\x10\x00\x00\x00WEBPVP8 "


@contextmanager
def answering(response: bytes) -> Generator[public_fetch.Connect]:
    """A connect that leads to this answer, whatever is asked."""
    sockets: list[socket.socket] = []

    def connect(host: str, port: int) -> socket.socket:
        assert (host, port) == ("cdn.example", 443)
        ours, theirs = socket.socketpair()
        sockets.append(theirs)

        def serve() -> None:
            try:
                theirs.recv(65536)
                theirs.sendall(response)
                theirs.shutdown(socket.SHUT_WR)
            except OSError:  # who reads has had enough
                pass

        threading.Thread(target=serve, daemon=True).start()
        ours.settimeout(2)
        return ours

    yield connect
    for one in sockets:
        one.close()


def ok(body: bytes, *, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nContent-Type: text/html\r\n\r\n" % size + body


@pytest.mark.parametrize(("body", "kind"), [(JPEG, "image/jpeg"), (PNG, "image/png"), (WEBP, "image/webp")])
def test_a_picture_is_known_by_its_bytes(body: bytes, kind: str) -> None:
    with answering(ok(body)) as connect:
        found = fetch_picture("https://cdn.example/a.jpg?x=1", connect=connect)
    assert (found.content, found.content_type) == (body, kind)


@pytest.mark.parametrize(
    "response",
    [
        ok(b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ok(b"<html></html>"),
        ok(b""),
        ok(JPEG, length=MAX_BYTES + 1),
        b"HTTP/1.1 200 OK\r\n\r\n" + JPEG + b"x" * MAX_BYTES,
        b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"",
    ],
    ids=["svg", "html", "empty", "said to be large", "large", "redirect", "missing", "no http", "closed"],
)
def test_anything_else_is_rejected(response: bytes) -> None:
    with answering(response) as connect, pytest.raises(NotFetched):
        fetch_picture("https://cdn.example/a.jpg", connect=connect)


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.example/a.jpg",
        "https://cdn.example:8443/a.jpg",
        "https://user:secret@cdn.example/a.jpg",
        "file:///etc/passwd",
        "https://",
        "https://[::1/a.jpg",
        "gopher://cdn.example/",
    ],
)
def test_only_plain_https_addresses_are_asked(url: str) -> None:
    def connect(host: str, port: int) -> socket.socket:
        raise AssertionError(f"connected to {host}:{port}")

    with pytest.raises(NotFetched):
        fetch_picture(url, connect=connect)


def test_an_invalid_path_is_rejected() -> None:
    with answering(ok(JPEG)) as connect, pytest.raises(NotFetched):
        fetch_picture("https://cdn.example/a b\x7f", connect=connect)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "169.254.169.254", "::1"])
def test_the_check_is_on_the_address_that_is_connected_to(host: str) -> None:
    with pytest.raises(NotFetched):
        connect_public(host, 443)
