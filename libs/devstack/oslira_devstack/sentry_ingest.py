"""A simulated Sentry on this machine: receives what services send, and stores it."""

import gzip

from oslira_devstack.listener import Listener


class SentryIngest(Listener):
    """`with SentryIngest() as ingest:` services that have `ingest.dsn` send their envelopes to `ingest.envelopes`."""

    def __init__(self) -> None:
        super().__init__("sentry-ingest", self._take)
        self.envelopes: list[bytes] = []

    @property
    def dsn(self) -> str:
        return f"http://oslira-dev-sentry@127.0.0.1:{self.port}/1"

    def _take(self, body: bytes, encoding: str | None) -> bytes:
        self.envelopes.append(gzip.decompress(body) if encoding == "gzip" else body)
        return b"{}"
