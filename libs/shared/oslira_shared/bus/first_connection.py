"""Ends the wait for a first connection that can't succeed: the client itself would try again for ever, as during an outage."""

import asyncio
import ssl
from collections.abc import Coroutine
from typing import Any, TypeVar

from oslira_shared.bus.identity import NotOurCredential

T = TypeVar("T")


def certificate_fault(error: BaseException) -> str | None:
    """What is wrong with the server's certificate; None for another error."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"NATS_URL: the server's certificate is not valid: {error.verify_message}"
    return None


class CertificateCheck:
    """Pass the client's errors to it. Later connections keep trying: the server's certificate may be replaced meanwhile."""

    def __init__(self) -> None:
        self._fault: str | None = None
        self._heard = asyncio.Event()

    def hear(self, error: Exception) -> None:
        """The client's error callback: the only place that reports why a connection could not be made."""
        if (fault := certificate_fault(error)) is not None:
            self._fault = fault
            self._heard.set()

    async def run(self, connect: Coroutine[Any, Any, T]) -> T:
        """The connection. Raises NotOurCredential when we don't trust the server's certificate."""
        connecting = asyncio.create_task(connect)
        heard = asyncio.create_task(self._heard.wait())
        try:
            await asyncio.wait({connecting, heard}, return_when=asyncio.FIRST_COMPLETED)
            if self._fault is not None and not connecting.done():
                raise NotOurCredential(self._fault)
            return await connecting
        finally:
            heard.cancel()
            connecting.cancel()
            await asyncio.gather(connecting, heard, return_exceptions=True)
