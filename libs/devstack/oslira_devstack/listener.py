"""A small HTTP server in a thread of this process, for simulators that store what services send."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Self

_POLL_S: Final = 0.05
# (body, Content-Encoding) of a POST → what it is answered with.
Take = Callable[[bytes, str | None], bytes]


class Listener:
    """Listens on a free port of this machine while its `with` block lasts."""

    def __init__(self, name: str, take: Take) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(take))
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": _POLL_S}, name=name, daemon=True
        )

    @property
    def port(self) -> int:
        return self._server.server_port

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(take: Take) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = take(body, self.headers.get("Content-Encoding"))
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the class has it
            """Silent: the receiver stores the request."""

    return Handler
