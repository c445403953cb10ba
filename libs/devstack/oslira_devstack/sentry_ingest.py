"""A stand-in for Sentry on this machine: takes whatever services send there, and keeps it."""

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Self

_OK: Final = b"{}"


class SentryIngest:
    """`with SentryIngest() as ingest:` services that have `ingest.dsn` send their envelopes to `ingest.envelopes`."""

    def __init__(self) -> None:
        self.envelopes: list[bytes] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.envelopes))
        self._thread = threading.Thread(target=self._server.serve_forever, name="sentry-ingest", daemon=True)

    @property
    def dsn(self) -> str:
        return f"http://oslira-dev-sentry@127.0.0.1:{self._server.server_port}/1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(envelopes: list[bytes]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            envelopes.append(body)
            self.send_response(200)
            self.send_header("Content-Length", str(len(_OK)))
            self.end_headers()
            self.wfile.write(_OK)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the class has it
            """Silent: what arrives is in `envelopes`."""

    return Handler
